package decide

import (
	"testing"

	"magent/ascii"
)

// All situations in which a copy is chosen. A copy is chosen only if it may be read.
func TestAttemptNext(t *testing.T) {
	const no, yes = false, true
	n := 0
	for _, r := range []struct {
		a            Attempt
		anew         bool
		lead, follow bool
		want         Choice
	}{
		{AttemptNone, no, no, no, ChooseNobody},
		{AttemptNone, no, no, yes, ChooseFollow},
		{AttemptNone, no, yes, no, ChooseLead},
		{AttemptNone, no, yes, yes, ChooseLead},
		{AttemptNone, yes, no, no, ChooseNobody},
		{AttemptNone, yes, no, yes, ChooseFollow},
		{AttemptNone, yes, yes, no, ChooseLead},
		{AttemptNone, yes, yes, yes, ChooseLead},

		{AttemptLead, no, no, no, ChooseNobody},
		{AttemptLead, no, no, yes, ChooseFollow},
		{AttemptLead, no, yes, no, ChooseNobody},
		{AttemptLead, no, yes, yes, ChooseFollow},
		{AttemptLead, yes, no, no, ChooseNobody},
		{AttemptLead, yes, no, yes, ChooseFollow},
		{AttemptLead, yes, yes, no, ChooseLead},
		{AttemptLead, yes, yes, yes, ChooseFollow},

		{AttemptFollow, no, no, no, ChooseNobody},
		{AttemptFollow, no, no, yes, ChooseNobody},
		{AttemptFollow, no, yes, no, ChooseLead},
		{AttemptFollow, no, yes, yes, ChooseLead},
		{AttemptFollow, yes, no, no, ChooseNobody},
		{AttemptFollow, yes, no, yes, ChooseFollow},
		{AttemptFollow, yes, yes, no, ChooseLead},
		{AttemptFollow, yes, yes, yes, ChooseLead},
	} {
		n++
		if got := r.a.Next(r.anew, r.lead, r.follow); got != r.want {
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
		for bits := range 1 << 5 {
			r := FragmentReply{
				Kind: kind, Foreign: bits&1 > 0, Outdated: bits&2 > 0, Alone: bits&4 > 0, Tries: bits >> 3,
			}
			values, lost := kind == ascii.Values, kind == ascii.Lost
			final := r.Alone || r.Tries > 1 || r.Tries == 1 && !r.Outdated
			var fits []FragmentStep
			add := func(is bool, what FragmentStep) {
				if is {
					fits = append(fits, what)
				}
			}
			add(values && !r.Foreign && !r.Outdated, FragmentTake)
			add(values && r.Foreign, FragmentDistrust)
			add(!values && !lost, FragmentRefused)
			add(lost && !final, FragmentAsk)
			add(values && !r.Foreign && r.Outdated && !final, FragmentAskAnew)
			add(final && (lost || values && !r.Foreign && r.Outdated), FragmentGiveUp)
			if len(fits) != 1 {
				t.Fatalf("%+v fits %v", r, fits)
			}
			if got := r.Next(); got != fits[0] {
				t.Errorf("%+v: step %d, want %d", r, got, fits[0])
			}
		}
	}
}
