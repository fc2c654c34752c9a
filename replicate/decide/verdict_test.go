package decide

import (
	"testing"

	"magent/ascii"
)

// Short names for outcomes.
var (
	lostCopy    = Outcome{}
	stored      = Outcome{Kind: ascii.Stored}
	notStored   = Outcome{Kind: ascii.NotStored}
	exists      = Outcome{Kind: ascii.Exists}
	notFound    = Outcome{Kind: ascii.NotFound}
	deleted     = Outcome{Kind: ascii.Deleted}
	touched     = Outcome{Kind: ascii.Touched}
	clientError = Outcome{Kind: ascii.ClientError}
	serverError = Outcome{Kind: ascii.ServerError}
	metaHD      = Outcome{Kind: ascii.MetaHD}
	metaEN      = Outcome{Kind: ascii.MetaEN}
	metaNF      = Outcome{Kind: ascii.MetaNF}
	metaNS      = Outcome{Kind: ascii.MetaNS}
	metaVA      = Outcome{Kind: ascii.MetaVA}
)

func metaNumbered(n uint64) Outcome { return Outcome{Kind: ascii.MetaVA, Number: n} }

func number(n uint64) Outcome { return Outcome{Kind: ascii.Number, Number: n} }

// TestJudge has what Judge decides for each kind of mutation. The names of the rows have the outcome of the lead in
// front of that of the other copy.
func TestJudge(t *testing.T) {
	const p, b, none = AnswerLead, AnswerFollow, AnswerError
	conditional := []ascii.Op{ascii.OpAdd, ascii.OpReplace, ascii.OpAppend, ascii.OpPrepend}
	incrDecr := []ascii.Op{ascii.OpIncr, ascii.OpDecr}
	set, cas := []ascii.Op{ascii.OpSet}, []ascii.Op{ascii.OpCAS}
	del, touch := []ascii.Op{ascii.OpDelete}, []ascii.Op{ascii.OpTouch}
	ms, md := []ascii.Op{ascii.OpMetaSet}, []ascii.Op{ascii.OpMetaDelete}
	ma, mg := []ascii.Op{ascii.OpMetaArith}, []ascii.Op{ascii.OpMetaGet}
	for _, row := range []struct {
		name   string
		ops    []ascii.Op
		po, bo Outcome
		want   Verdict
	}{
		{"set: STORED | STORED", set, stored, stored, Verdict{p, false, false}},
		{"set: STORED | lost", set, stored, lostCopy, Verdict{p, false, true}},
		{"set: STORED | error", set, stored, serverError, Verdict{p, false, true}},
		{"set: lost | STORED", set, lostCopy, stored, Verdict{b, true, false}},
		{"set: SERVER_ERROR | STORED", set, serverError, stored, Verdict{p, false, true}},
		{"set: SERVER_ERROR | SERVER_ERROR", set, serverError, serverError, Verdict{p, false, false}},
		{"set: SERVER_ERROR | lost", set, serverError, lostCopy, Verdict{p, false, true}},
		{"any: lost | lost", allMutations(), lostCopy, lostCopy, Verdict{none, true, true}},
		{"any: lost | never asked", allMutations(), lostCopy, Unasked, Verdict{none, true, false}},
		{"any: never asked | lost", allMutations(), Unasked, lostCopy, Verdict{none, false, true}},
		{"any: never asked | never asked", allMutations(), Unasked, Unasked, Verdict{none, false, false}},
		{"set: never asked | STORED", set, Unasked, stored, Verdict{b, true, false}},
		{"set: STORED | never asked", set, stored, Unasked, Verdict{p, false, true}},
		{"conditional: same answer STORED", conditional, stored, stored, Verdict{p, false, false}},
		{"conditional: same answer NOT_STORED", conditional, notStored, notStored, Verdict{p, false, false}},
		{"conditional: STORED | NOT_STORED", conditional, stored, notStored, Verdict{p, false, true}},
		{"conditional: NOT_STORED | STORED", conditional, notStored, stored, Verdict{p, false, true}},
		{"conditional: STORED | SERVER_ERROR", conditional, stored, serverError, Verdict{p, false, true}},
		{"conditional: lost | answer", conditional, lostCopy, notStored, Verdict{b, true, false}},
		{"incr: n | n", incrDecr, number(7), number(7), Verdict{p, false, false}},
		{"incr: n | another", incrDecr, number(7), number(8), Verdict{p, false, true}},
		{"incr: n | NOT_FOUND", incrDecr, number(7), notFound, Verdict{p, false, true}},
		{"incr: 0 | NOT_FOUND", incrDecr, number(0), notFound, Verdict{p, false, true}},
		{"incr: NOT_FOUND | n", incrDecr, notFound, number(7), Verdict{p, false, true}},
		{"incr: NOT_FOUND | NOT_FOUND", incrDecr, notFound, notFound, Verdict{p, false, false}},
		{"incr: lost | n", incrDecr, lostCopy, number(7), Verdict{b, true, false}},
		{"delete: DELETED | DELETED", del, deleted, deleted, Verdict{p, false, false}},
		{"delete: DELETED | NOT_FOUND", del, deleted, notFound, Verdict{p, false, false}},
		{"delete: NOT_FOUND | DELETED", del, notFound, deleted, Verdict{p, false, false}},
		{"delete: DELETED | refused", del, deleted, clientError, Verdict{p, false, true}},
		{"delete: refused | refused", del, clientError, clientError, Verdict{p, false, false}},
		{"delete: lost | DELETED", del, lostCopy, deleted, Verdict{b, true, false}},
		{"delete: DELETED | lost", del, deleted, lostCopy, Verdict{p, false, true}},
		{"touch: TOUCHED | TOUCHED", touch, touched, touched, Verdict{p, false, false}},
		{"touch: TOUCHED | NOT_FOUND", touch, touched, notFound, Verdict{p, false, true}},
		{"touch: NOT_FOUND | TOUCHED", touch, notFound, touched, Verdict{p, false, true}},
		{"touch: lost | TOUCHED", touch, lostCopy, touched, Verdict{b, true, false}},
		{"cas: STORED | (then set) STORED", cas, stored, stored, Verdict{p, false, false}},
		{"cas: STORED | (then set) error", cas, stored, serverError, Verdict{p, false, true}},
		{"cas: STORED | (then set) lost", cas, stored, lostCopy, Verdict{p, false, true}},
		{"ms: HD | HD", ms, metaHD, metaHD, Verdict{p, false, false}},
		{"ms: HD | NS", ms, metaHD, metaNS, Verdict{p, false, true}},
		{"md: HD | NF", md, metaHD, metaNF, Verdict{p, false, false}},
		{"md: HD | refused", md, metaHD, clientError, Verdict{p, false, true}},
		{"ma: HD | NF", ma, metaHD, metaNF, Verdict{p, false, true}},
		{"ma: VA 7 | VA 8", ma, metaNumbered(7), metaNumbered(8), Verdict{p, false, true}},
		{"mg with T: VA | EN", mg, metaVA, metaEN, Verdict{p, false, true}},
		{"mg with T: VA | VA", mg, metaVA, metaVA, Verdict{p, false, false}},
	} {
		for _, op := range row.ops {
			if got := Judge(op == ascii.OpDelete || op == ascii.OpMetaDelete, row.po, row.bo); got != row.want {
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
	all := []Outcome{
		lostCopy, stored, notStored, exists, notFound, deleted, touched, number(0), number(1), clientError,
		serverError, metaHD, metaEN, metaNF, metaNS, metaVA,
		{Kind: ascii.MetaVA, Number: 1},
		Unasked,
	}
	for _, op := range allMutations() {
		for _, p := range all {
			for _, b := range all {
				v := Judge(op == ascii.OpDelete || op == ascii.OpMetaDelete, p, b)
				pLost, bLost := p.Kind == ascii.Lost, b.Kind == ascii.Lost
				// Where nobody answered, a copy that was not asked is as good as before.
				if want := pLost && !(bLost && p.Untouched); v.LeadMissed != want {
					t.Errorf("op %d, %v | %v: dirty(P) is %v", op, p, b, v.LeadMissed)
				}
				if bLost && !v.FollowMissed && !(pLost && b.Untouched) {
					t.Errorf("op %d, %v | %v: B is lost, but not dirty", op, p, b)
				}
				if p == b && !bLost && v.FollowMissed {
					t.Errorf("op %d, %v | %v: they agree, but B is dirty", op, p, b)
				}
				want := AnswerLead
				switch {
				case pLost && bLost:
					want = AnswerError
				case pLost:
					want = AnswerFollow
				}
				if v.Answer != want {
					t.Errorf("op %d, %v | %v: answer %d, want %d", op, p, b, v.Answer, want)
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
		want  Outcome
	}{
		{ascii.OpIncr, ascii.ShapeLine, "42\r\n", number(42)},
		{ascii.OpDecr, ascii.ShapeLine, "9 \r\n", number(9)},
		{ascii.OpSet, ascii.ShapeLine, "STORED\r\n", stored},
		{ascii.OpMetaArith, ascii.ShapeMeta, "HD\r\n", metaHD},
		{ascii.OpMetaArith, ascii.ShapeMeta, "VA 2 t0\r\n17\r\n", Outcome{Kind: ascii.MetaVA, Number: 17}},
		{ascii.OpMetaArith, ascii.ShapeMeta, "VA 3\r\n17 \r\n", Outcome{Kind: ascii.MetaVA, Number: 17}},
		// The first line of the reply to mg tells whether two copies agree, apart from tokens and times.
		{
			ascii.OpMetaGet, ascii.ShapeMeta, "VA 2 c8 t30 f1\r\n17\r\n",
			Outcome{Kind: ascii.MetaVA, Number: digest([]byte("VA 2 c9 t29 f1\r\n"))},
		},
		{ascii.OpMetaGet, ascii.ShapeMeta, "HD W\r\n", Outcome{Kind: ascii.MetaHD, Number: digest([]byte("HD W"))}},
	} {
		var f ascii.Framer
		var r ascii.Reply
		if n, _, ok := f.Next([]byte(c.reply), c.shape, &r); !ok || n != len(c.reply) {
			t.Fatalf("%q is no reply", c.reply)
		}
		if got := OutcomeOf(c.op, &r); got != c.want {
			t.Errorf("%q: %v, want %v", c.reply, got, c.want)
		}
	}
}
