package replicate

import (
	"testing"

	"magent/ascii"
)

// Short names for outcomes.
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

func metaNumbered(n uint64) outcome { return outcome{kind: ascii.MetaVA, number: n} }

func number(n uint64) outcome { return outcome{kind: ascii.Number, number: n} }

// TestJudge has what judge decides for each kind of mutation. The names of the rows have the outcome of the lead in
// front of that of the other copy.
func TestJudge(t *testing.T) {
	const p, b, none = answerLead, answerFollow, answerError
	conditional := []ascii.Op{ascii.OpAdd, ascii.OpReplace, ascii.OpAppend, ascii.OpPrepend}
	incrDecr := []ascii.Op{ascii.OpIncr, ascii.OpDecr}
	set, cas := []ascii.Op{ascii.OpSet}, []ascii.Op{ascii.OpCAS}
	del, touch := []ascii.Op{ascii.OpDelete}, []ascii.Op{ascii.OpTouch}
	ms, md := []ascii.Op{ascii.OpMetaSet}, []ascii.Op{ascii.OpMetaDelete}
	ma, mg := []ascii.Op{ascii.OpMetaArith}, []ascii.Op{ascii.OpMetaGet}
	for _, row := range []struct {
		name   string
		ops    []ascii.Op
		po, bo outcome
		want   verdict
	}{
		{"set: STORED | STORED", set, stored, stored, verdict{p, false, false}},
		{"set: STORED | lost", set, stored, lostCopy, verdict{p, false, true}},
		{"set: STORED | error", set, stored, serverError, verdict{p, false, true}},
		{"set: lost | STORED", set, lostCopy, stored, verdict{b, true, false}},
		{"set: SERVER_ERROR | STORED", set, serverError, stored, verdict{p, false, true}},
		{"set: SERVER_ERROR | SERVER_ERROR", set, serverError, serverError, verdict{p, false, false}},
		{"set: SERVER_ERROR | lost", set, serverError, lostCopy, verdict{p, false, true}},
		{"any: lost | lost", allMutations(), lostCopy, lostCopy, verdict{none, true, true}},
		{"any: lost | never asked", allMutations(), lostCopy, unasked, verdict{none, true, false}},
		{"any: never asked | lost", allMutations(), unasked, lostCopy, verdict{none, false, true}},
		{"any: never asked | never asked", allMutations(), unasked, unasked, verdict{none, false, false}},
		{"set: never asked | STORED", set, unasked, stored, verdict{b, true, false}},
		{"set: STORED | never asked", set, stored, unasked, verdict{p, false, true}},
		{"conditional: same answer STORED", conditional, stored, stored, verdict{p, false, false}},
		{"conditional: same answer NOT_STORED", conditional, notStored, notStored, verdict{p, false, false}},
		{"conditional: STORED | NOT_STORED", conditional, stored, notStored, verdict{p, false, true}},
		{"conditional: NOT_STORED | STORED", conditional, notStored, stored, verdict{p, false, true}},
		{"conditional: STORED | SERVER_ERROR", conditional, stored, serverError, verdict{p, false, true}},
		{"conditional: lost | answer", conditional, lostCopy, notStored, verdict{b, true, false}},
		{"incr: n | n", incrDecr, number(7), number(7), verdict{p, false, false}},
		{"incr: n | another", incrDecr, number(7), number(8), verdict{p, false, true}},
		{"incr: n | NOT_FOUND", incrDecr, number(7), notFound, verdict{p, false, true}},
		{"incr: 0 | NOT_FOUND", incrDecr, number(0), notFound, verdict{p, false, true}},
		{"incr: NOT_FOUND | n", incrDecr, notFound, number(7), verdict{p, false, true}},
		{"incr: NOT_FOUND | NOT_FOUND", incrDecr, notFound, notFound, verdict{p, false, false}},
		{"incr: lost | n", incrDecr, lostCopy, number(7), verdict{b, true, false}},
		{"delete: DELETED | DELETED", del, deleted, deleted, verdict{p, false, false}},
		{"delete: DELETED | NOT_FOUND", del, deleted, notFound, verdict{p, false, false}},
		{"delete: NOT_FOUND | DELETED", del, notFound, deleted, verdict{p, false, false}},
		{"delete: DELETED | refused", del, deleted, clientError, verdict{p, false, true}},
		{"delete: refused | refused", del, clientError, clientError, verdict{p, false, false}},
		{"delete: lost | DELETED", del, lostCopy, deleted, verdict{b, true, false}},
		{"delete: DELETED | lost", del, deleted, lostCopy, verdict{p, false, true}},
		{"touch: TOUCHED | TOUCHED", touch, touched, touched, verdict{p, false, false}},
		{"touch: TOUCHED | NOT_FOUND", touch, touched, notFound, verdict{p, false, true}},
		{"touch: NOT_FOUND | TOUCHED", touch, notFound, touched, verdict{p, false, true}},
		{"touch: lost | TOUCHED", touch, lostCopy, touched, verdict{b, true, false}},
		{"cas: STORED | (then set) STORED", cas, stored, stored, verdict{p, false, false}},
		{"cas: STORED | (then set) error", cas, stored, serverError, verdict{p, false, true}},
		{"cas: STORED | (then set) lost", cas, stored, lostCopy, verdict{p, false, true}},
		{"ms: HD | HD", ms, metaHD, metaHD, verdict{p, false, false}},
		{"ms: HD | NS", ms, metaHD, metaNS, verdict{p, false, true}},
		{"md: HD | NF", md, metaHD, metaNF, verdict{p, false, false}},
		{"md: HD | refused", md, metaHD, clientError, verdict{p, false, true}},
		{"ma: HD | NF", ma, metaHD, metaNF, verdict{p, false, true}},
		{"ma: VA 7 | VA 8", ma, metaNumbered(7), metaNumbered(8), verdict{p, false, true}},
		{"mg with T: VA | EN", mg, metaVA, metaEN, verdict{p, false, true}},
		{"mg with T: VA | VA", mg, metaVA, metaVA, verdict{p, false, false}},
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
		ascii.OpSet, ascii.OpAdd, ascii.OpReplace, ascii.OpAppend, ascii.OpPrepend, ascii.OpCAS, ascii.OpDelete,
		ascii.OpIncr, ascii.OpDecr, ascii.OpTouch, ascii.OpMetaGet, ascii.OpMetaSet, ascii.OpMetaDelete,
		ascii.OpMetaArith,
	}
}

// TestJudgeInvariants checks the rules that hold for every mutation and every pair of outcomes.
func TestJudgeInvariants(t *testing.T) {
	all := []outcome{
		lostCopy, stored, notStored, exists, notFound, deleted, touched, number(0), number(1), clientError,
		serverError, metaHD, metaEN, metaNF, metaNS, metaVA,
		{kind: ascii.MetaVA, number: 1},
		unasked,
	}
	for _, op := range allMutations() {
		for _, p := range all {
			for _, b := range all {
				v := judge(op == ascii.OpDelete || op == ascii.OpMetaDelete, p, b)
				pLost, bLost := p.kind == ascii.Lost, b.kind == ascii.Lost
				// Where nobody answered, a copy that was not asked is as good as before.
				if want := pLost && !(bLost && p.untouched); v.leadMissed != want {
					t.Errorf("op %d, %v | %v: dirty(P) is %v", op, p, b, v.leadMissed)
				}
				if bLost && !v.followMissed && !(pLost && b.untouched) {
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
		{ascii.OpMetaArith, ascii.ShapeMeta, "VA 2 t0\r\n17\r\n", outcome{kind: ascii.MetaVA, number: 17}},
		{ascii.OpMetaArith, ascii.ShapeMeta, "VA 3\r\n17 \r\n", outcome{kind: ascii.MetaVA, number: 17}},
		// The first line of the reply to mg tells whether two copies agree, apart from tokens and times.
		{
			ascii.OpMetaGet, ascii.ShapeMeta, "VA 2 c8 t30 f1\r\n17\r\n",
			outcome{kind: ascii.MetaVA, number: digest([]byte("VA 2 c9 t29 f1\r\n"))},
		},
		{ascii.OpMetaGet, ascii.ShapeMeta, "HD W\r\n", outcome{kind: ascii.MetaHD, number: digest([]byte("HD W"))}},
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
