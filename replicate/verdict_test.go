package replicate

import (
	"testing"

	"magent/ascii"
)

// Outcomes, as short as the contract writes them.
var (
	lostCopy    = outcome{}
	stored      = outcome{kind: ascii.Stored}
	notStored   = outcome{kind: ascii.NotStored}
	exists      = outcome{kind: ascii.Exists}
	notFound    = outcome{kind: ascii.NotFound}
	deleted     = outcome{kind: ascii.Deleted}
	touched     = outcome{kind: ascii.Touched}
	clientError = outcome{kind: ascii.ClientError}
	serverError = outcome{kind: ascii.ServerError}
	metaHD      = outcome{kind: ascii.MetaHD}
	metaEN      = outcome{kind: ascii.MetaEN}
	metaNF      = outcome{kind: ascii.MetaNF}
	metaNS      = outcome{kind: ascii.MetaNS}
	metaVA      = outcome{kind: ascii.MetaVA}
)

func number(n uint64) outcome { return outcome{kind: ascii.Number, number: n} }

// The table "Mutations" of the contract, row by row. What it calls dirty(P) and dirty(B) is leadMissed and
// followMissed here.
func TestJudge(t *testing.T) {
	const p, b, none = answerLead, answerFollow, answerError
	conditional := []ascii.Op{ascii.OpAdd, ascii.OpReplace, ascii.OpAppend, ascii.OpPrepend}
	for _, row := range []struct {
		name   string
		ops    []ascii.Op
		po, bo outcome
		want   verdict
	}{
		{"set: STORED | STORED", []ascii.Op{ascii.OpSet}, stored, stored, verdict{p, false, false}},
		{"set: STORED | lost", []ascii.Op{ascii.OpSet}, stored, lostCopy, verdict{p, false, true}},
		{"set: STORED | error", []ascii.Op{ascii.OpSet}, stored, serverError, verdict{p, false, true}},
		{"set: lost | STORED", []ascii.Op{ascii.OpSet}, lostCopy, stored, verdict{b, true, false}},
		{"set: SERVER_ERROR | STORED", []ascii.Op{ascii.OpSet}, serverError, stored, verdict{p, false, true}},
		{"set: SERVER_ERROR | SERVER_ERROR", []ascii.Op{ascii.OpSet}, serverError, serverError, verdict{p, false, false}},
		{"set: SERVER_ERROR | lost", []ascii.Op{ascii.OpSet}, serverError, lostCopy, verdict{p, false, true}},
		{"any: lost | lost", allMutations(), lostCopy, lostCopy, verdict{none, true, true}},
		{"add, replace, append, prepend: same answer STORED", conditional, stored, stored, verdict{p, false, false}},
		{"add, replace, append, prepend: same answer NOT_STORED", conditional, notStored, notStored, verdict{p, false, false}},
		{"add, replace, append, prepend: STORED | NOT_STORED", conditional, stored, notStored, verdict{p, false, true}},
		{"add, replace, append, prepend: NOT_STORED | STORED", conditional, notStored, stored, verdict{p, false, true}},
		{"add, replace, append, prepend: STORED | SERVER_ERROR", conditional, stored, serverError, verdict{p, false, true}},
		{"add, replace, append, prepend: lost | answer", conditional, lostCopy, notStored, verdict{b, true, false}},
		{"incr, decr: n | n", []ascii.Op{ascii.OpIncr, ascii.OpDecr}, number(7), number(7), verdict{p, false, false}},
		{"incr, decr: n | another", []ascii.Op{ascii.OpIncr, ascii.OpDecr}, number(7), number(8), verdict{p, false, true}},
		{"incr, decr: n | NOT_FOUND", []ascii.Op{ascii.OpIncr, ascii.OpDecr}, number(7), notFound, verdict{p, false, true}},
		{"incr, decr: 0 | NOT_FOUND", []ascii.Op{ascii.OpIncr, ascii.OpDecr}, number(0), notFound, verdict{p, false, true}},
		{"incr, decr: NOT_FOUND | n", []ascii.Op{ascii.OpIncr, ascii.OpDecr}, notFound, number(7), verdict{p, false, true}},
		{"incr, decr: NOT_FOUND | NOT_FOUND", []ascii.Op{ascii.OpIncr, ascii.OpDecr}, notFound, notFound, verdict{p, false, false}},
		{"incr, decr: lost | n", []ascii.Op{ascii.OpIncr, ascii.OpDecr}, lostCopy, number(7), verdict{b, true, false}},
		{"delete: DELETED | DELETED", []ascii.Op{ascii.OpDelete}, deleted, deleted, verdict{p, false, false}},
		{"delete: DELETED | NOT_FOUND", []ascii.Op{ascii.OpDelete}, deleted, notFound, verdict{p, false, false}},
		{"delete: NOT_FOUND | DELETED", []ascii.Op{ascii.OpDelete}, notFound, deleted, verdict{p, false, false}},
		{"delete: DELETED | refused", []ascii.Op{ascii.OpDelete}, deleted, clientError, verdict{p, false, true}},
		{"delete: refused | refused", []ascii.Op{ascii.OpDelete}, clientError, clientError, verdict{p, false, false}},
		{"delete: lost | DELETED", []ascii.Op{ascii.OpDelete}, lostCopy, deleted, verdict{b, true, false}},
		{"delete: DELETED | lost", []ascii.Op{ascii.OpDelete}, deleted, lostCopy, verdict{p, false, true}},
		{"touch: TOUCHED | TOUCHED", []ascii.Op{ascii.OpTouch}, touched, touched, verdict{p, false, false}},
		{"touch: TOUCHED | NOT_FOUND", []ascii.Op{ascii.OpTouch}, touched, notFound, verdict{p, false, true}},
		{"touch: NOT_FOUND | TOUCHED", []ascii.Op{ascii.OpTouch}, notFound, touched, verdict{p, false, true}},
		{"touch: lost | TOUCHED", []ascii.Op{ascii.OpTouch}, lostCopy, touched, verdict{b, true, false}},
		{"cas: STORED | (then set) STORED", []ascii.Op{ascii.OpCAS}, stored, stored, verdict{p, false, false}},
		{"cas: STORED | (then set) error", []ascii.Op{ascii.OpCAS}, stored, serverError, verdict{p, false, true}},
		{"cas: STORED | (then set) lost", []ascii.Op{ascii.OpCAS}, stored, lostCopy, verdict{p, false, true}},
		{"ms: HD | HD", []ascii.Op{ascii.OpMetaSet}, metaHD, metaHD, verdict{p, false, false}},
		{"ms: HD | NS", []ascii.Op{ascii.OpMetaSet}, metaHD, metaNS, verdict{p, false, true}},
		{"md: HD | NF", []ascii.Op{ascii.OpMetaDelete}, metaHD, metaNF, verdict{p, false, false}},
		{"md: HD | refused", []ascii.Op{ascii.OpMetaDelete}, metaHD, clientError, verdict{p, false, true}},
		{"ma: HD | NF", []ascii.Op{ascii.OpMetaArith}, metaHD, metaNF, verdict{p, false, true}},
		{"ma: VA 7 | VA 8", []ascii.Op{ascii.OpMetaArith}, outcome{ascii.MetaVA, 7}, outcome{ascii.MetaVA, 8}, verdict{p, false, true}},
		{"mg with T: VA | EN", []ascii.Op{ascii.OpMetaGet}, metaVA, metaEN, verdict{p, false, true}},
		{"mg with T: VA | VA", []ascii.Op{ascii.OpMetaGet}, metaVA, metaVA, verdict{p, false, false}},
	} {
		for _, op := range row.ops {
			if got := judge(op == ascii.OpDelete || op == ascii.OpMetaDelete, row.po, row.bo); got != row.want {
				t.Errorf("%s (op %d): %+v, want %+v", row.name, op, got, row.want)
			}
		}
	}
}

func allMutations() []ascii.Op {
	return []ascii.Op{
		ascii.OpSet, ascii.OpAdd, ascii.OpReplace, ascii.OpAppend, ascii.OpPrepend, ascii.OpCAS, ascii.OpDelete, ascii.OpIncr,
		ascii.OpDecr, ascii.OpTouch, ascii.OpMetaGet, ascii.OpMetaSet, ascii.OpMetaDelete, ascii.OpMetaArith,
	}
}

// What holds for every mutation and every pair of outcomes, all of them tried.
func TestJudgeInvariants(t *testing.T) {
	all := []outcome{
		lostCopy, stored, notStored, exists, notFound, deleted, touched, number(0), number(1), clientError, serverError,
		metaHD, metaEN, metaNF, metaNS, metaVA,
		{ascii.MetaVA, 1},
	}
	for _, op := range allMutations() {
		for _, p := range all {
			for _, b := range all {
				v := judge(op == ascii.OpDelete || op == ascii.OpMetaDelete, p, b)
				pLost, bLost := p.kind == ascii.Lost, b.kind == ascii.Lost
				if v.leadMissed != pLost {
					t.Errorf("op %d, %v | %v: dirty(P) is %v; it is exactly when P is lost", op, p, b, v.leadMissed)
				}
				if bLost && !v.followMissed {
					t.Errorf("op %d, %v | %v: B is lost, but not dirty", op, p, b)
				}
				if p == b && !bLost && v.followMissed {
					t.Errorf("op %d, %v | %v: they agree, but B is dirty", op, p, b)
				}
				want := answerLead
				switch {
				case pLost && bLost:
					want = answerError
				case pLost:
					want = answerFollow
				}
				if v.answer != want {
					t.Errorf("op %d, %v | %v: answer %d, want %d", op, p, b, v.answer, want)
				}
			}
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	for _, c := range []struct {
		op    ascii.Op
		shape ascii.Shape
		reply string
		want  outcome
	}{
		{ascii.OpIncr, ascii.ShapeLine, "42\r\n", number(42)},
		{ascii.OpDecr, ascii.ShapeLine, "9 \r\n", number(9)},
		{ascii.OpSet, ascii.ShapeLine, "STORED\r\n", stored},
		{ascii.OpMetaArith, ascii.ShapeMeta, "HD\r\n", metaHD},
		{ascii.OpMetaArith, ascii.ShapeMeta, "VA 2 t0\r\n17\r\n", outcome{ascii.MetaVA, 17}},
		{ascii.OpMetaArith, ascii.ShapeMeta, "VA 3\r\n17 \r\n", outcome{ascii.MetaVA, 17}},
		// Of mg the first line says whether two copies came to the same; tokens and times differ without that.
		{ascii.OpMetaGet, ascii.ShapeMeta, "VA 2 c8 t30 f1\r\n17\r\n", outcome{ascii.MetaVA, digest([]byte("VA 2 c9 t29 f1\r\n"))}},
		{ascii.OpMetaGet, ascii.ShapeMeta, "HD W\r\n", outcome{ascii.MetaHD, digest([]byte("HD W"))}},
	} {
		var f ascii.Framer
		var r ascii.Reply
		if n, _, ok := f.Next([]byte(c.reply), c.shape, &r); !ok || n != len(c.reply) {
			t.Fatalf("%q is no reply", c.reply)
		}
		if got := outcomeOf(c.op, &r); got != c.want {
			t.Errorf("%q: %v, want %v", c.reply, got, c.want)
		}
	}
}
