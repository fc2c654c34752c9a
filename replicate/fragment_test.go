package replicate

import (
	"testing"

	"magent/ascii"
)

// All situations in which a copy is chosen. A copy is chosen only if it may be read.
func TestAttemptNext(t *testing.T) {
	const no, yes = false, true
	n := 0
	for _, r := range []struct {
		a            attempt
		anew         bool
		lead, follow bool
		want         choice
	}{
		{attemptNone, no, no, no, chooseNobody},
		{attemptNone, no, no, yes, chooseFollow},
		{attemptNone, no, yes, no, chooseLead},
		{attemptNone, no, yes, yes, chooseLead},
		{attemptNone, yes, no, no, chooseNobody},
		{attemptNone, yes, no, yes, chooseFollow},
		{attemptNone, yes, yes, no, chooseLead},
		{attemptNone, yes, yes, yes, chooseLead},

		{attemptLead, no, no, no, chooseNobody},
		{attemptLead, no, no, yes, chooseFollow},
		{attemptLead, no, yes, no, chooseNobody},
		{attemptLead, no, yes, yes, chooseFollow},
		{attemptLead, yes, no, no, chooseNobody},
		{attemptLead, yes, no, yes, chooseFollow},
		{attemptLead, yes, yes, no, chooseLead},
		{attemptLead, yes, yes, yes, chooseFollow},

		{attemptFollow, no, no, no, chooseNobody},
		{attemptFollow, no, no, yes, chooseNobody},
		{attemptFollow, no, yes, no, chooseLead},
		{attemptFollow, no, yes, yes, chooseLead},
		{attemptFollow, yes, no, no, chooseNobody},
		{attemptFollow, yes, no, yes, chooseFollow},
		{attemptFollow, yes, yes, no, chooseLead},
		{attemptFollow, yes, yes, yes, chooseLead},
	} {
		n++
		if got := r.a.next(r.anew, r.lead, r.follow); got != r.want {
			t.Errorf("%+v: %d", r, got)
		}
	}
	if n != 3*2*2*2 {
		t.Errorf("%d of 24 situations are in the table", n)
	}
}

// All replies to a fragment.
func TestFragmentReplyNext(t *testing.T) {
	for kind := ascii.Lost; kind <= ascii.Opaque; kind++ {
		for bits := range 1 << 3 {
			r := fragmentReply{kind: kind, foreign: bits&1 > 0, outdated: bits&2 > 0, final: bits&4 > 0}
			values, lost := kind == ascii.Values, kind == ascii.Lost
			var fits []fragmentStep
			add := func(is bool, what fragmentStep) {
				if is {
					fits = append(fits, what)
				}
			}
			add(values && !r.foreign && !r.outdated, fragmentTake)
			add(values && r.foreign, fragmentDistrust)
			add(!values && !lost, fragmentRefused)
			add(lost && !r.final, fragmentAsk)
			add(values && !r.foreign && r.outdated && !r.final, fragmentAskAnew)
			add(r.final && (lost || values && !r.foreign && r.outdated), fragmentGiveUp)
			if len(fits) != 1 {
				t.Fatalf("%+v fits %v", r, fits)
			}
			if got := r.next(); got != fits[0] {
				t.Errorf("%+v: step %d, want %d", r, got, fits[0])
			}
		}
	}
}
