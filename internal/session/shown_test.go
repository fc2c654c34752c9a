package session

import "testing"

// All pieces that there may be: what was shown before, whether it is the last one, is lost, and has its END.
func TestShownNext(t *testing.T) {
	const no, yes = false, true
	rows := map[[4]int]struct {
		what show
		then shown
	}{}
	for _, r := range []struct {
		before               shown
		last, lost, complete bool
		what                 show
		then                 shown
	}{
		{nothing, no, no, no, showAll, refusal},
		{nothing, no, no, yes, showValues, values},
		{nothing, no, yes, no, showNone, nothing},
		{nothing, no, yes, yes, showNone, nothing},
		{nothing, yes, no, no, showAll, nothing},
		{nothing, yes, no, yes, showAll, nothing},
		{nothing, yes, yes, no, showLoss, nothing},
		{nothing, yes, yes, yes, showLoss, nothing},

		{values, no, no, no, showAll, refusal},
		{values, no, no, yes, showValues, values},
		{values, no, yes, no, showNone, values},
		{values, no, yes, yes, showNone, values},
		{values, yes, no, no, showAll, nothing},
		{values, yes, no, yes, showAll, nothing},
		{values, yes, yes, no, showEnd, nothing},
		{values, yes, yes, yes, showEnd, nothing},

		{refusal, no, no, no, showNone, refusal},
		{refusal, no, no, yes, showNone, refusal},
		{refusal, no, yes, no, showNone, refusal},
		{refusal, no, yes, yes, showNone, refusal},
		{refusal, yes, no, no, showNone, nothing},
		{refusal, yes, no, yes, showNone, nothing},
		{refusal, yes, yes, no, showNone, nothing},
		{refusal, yes, yes, yes, showNone, nothing},
	} {
		what, then := r.before.next(r.last, r.lost, r.complete)
		if what != r.what || then != r.then {
			t.Errorf("%+v: shows %d, then %d", r, what, then)
		}
		rows[[4]int{int(r.before), bit(r.last), bit(r.lost), bit(r.complete)}] = struct {
			what show
			then shown
		}{what, then}
	}
	if len(rows) != 3*2*2*2 {
		t.Errorf("%d of 24 situations are in the table", len(rows))
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Whatever becomes of the pieces, the client gets one reply: values and END, or with an error line as its last one.
func TestShownIsOneReply(t *testing.T) {
	const pieces = 4
	for situations := range 1 << (2 * pieces) {
		w, ends := nothing, 0
		for i := range pieces {
			lost, complete := situations>>(2*i)&1 == 1, situations>>(2*i+1)&1 == 1
			var what show
			what, w = w.next(i == pieces-1, lost, complete)
			if ends > 0 && what != showNone {
				t.Errorf("situations %b: piece %d is shown behind the end", situations, i)
			}
			if what == showAll || what == showLoss || what == showEnd {
				ends++
			}
		}
		if ends != 1 || w != nothing {
			t.Errorf("situations %b: %d ends, then %d", situations, ends, w)
		}
	}
}
