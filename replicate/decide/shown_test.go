package decide

import "testing"

// All pieces that there may be: what was shown before, whether it is the last one, is lost, and has its END.
func TestShownNext(t *testing.T) {
	const no, yes = false, true
	rows := map[[4]int]struct {
		what Show
		then Shown
	}{}
	for _, r := range []struct {
		before               Shown
		last, lost, complete bool
		what                 Show
		then                 Shown
	}{
		{nothing, no, no, no, ShowAll, refusal},
		{nothing, no, no, yes, ShowValues, values},
		{nothing, no, yes, no, ShowNone, nothing},
		{nothing, no, yes, yes, ShowNone, nothing},
		{nothing, yes, no, no, ShowAll, nothing},
		{nothing, yes, no, yes, ShowAll, nothing},
		{nothing, yes, yes, no, ShowLoss, nothing},
		{nothing, yes, yes, yes, ShowLoss, nothing},

		{values, no, no, no, ShowAll, refusal},
		{values, no, no, yes, ShowValues, values},
		{values, no, yes, no, ShowNone, values},
		{values, no, yes, yes, ShowNone, values},
		{values, yes, no, no, ShowAll, nothing},
		{values, yes, no, yes, ShowAll, nothing},
		{values, yes, yes, no, ShowEnd, nothing},
		{values, yes, yes, yes, ShowEnd, nothing},

		{refusal, no, no, no, ShowNone, refusal},
		{refusal, no, no, yes, ShowNone, refusal},
		{refusal, no, yes, no, ShowNone, refusal},
		{refusal, no, yes, yes, ShowNone, refusal},
		{refusal, yes, no, no, ShowNone, nothing},
		{refusal, yes, no, yes, ShowNone, nothing},
		{refusal, yes, yes, no, ShowNone, nothing},
		{refusal, yes, yes, yes, ShowNone, nothing},
	} {
		what, then := r.before.Next(r.last, r.lost, r.complete)
		if what != r.what || then != r.then {
			t.Errorf("%+v: shows %d, then %d", r, what, then)
		}
		rows[[4]int{int(r.before), bit(r.last), bit(r.lost), bit(r.complete)}] = struct {
			what Show
			then Shown
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
			var what Show
			what, w = w.Next(i == pieces-1, lost, complete)
			if ends > 0 && what != ShowNone {
				t.Errorf("situations %b: piece %d is shown behind the end", situations, i)
			}
			if what == ShowAll || what == ShowLoss || what == ShowEnd {
				ends++
			}
		}
		if ends != 1 || w != nothing {
			t.Errorf("situations %b: %d ends, then %d", situations, ends, w)
		}
	}
}
