package forward

import (
	"testing"
	"time"
)

func TestIntake(t *testing.T) {
	const second = time.Second
	var i Intake
	admit := func(now time.Duration, epoch uint64, want Admission) {
		t.Helper()
		if got := i.Admit(now, epoch); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	admit(10*second, 7, NoHeader)
	if i.Take(Mark{Kind: Answer, Time: second}) || i.Take(Mark{Kind: Return}) || i.Take(Mark{Kind: Question}) {
		t.Error("it takes what a member does not say")
	}
	if !i.Take(Mark{Kind: Header, Epoch: 7, Time: 503 * second}) {
		t.Error("no header")
	}
	admit(10*second, 7, TooLate) // the time there is not known
	if !i.Ask(10*second) || i.Ask(11*second) {
		t.Error("it is asked once until the answer is there")
	}
	if !i.Take(Mark{Kind: Answer, Time: 500 * second}) || i.Take(Mark{Kind: Answer, Time: 501 * second}) {
		t.Error("one answer to one question")
	}
	admit(12*second, 7, CarryOut)
	admit(13*second, 7, TooLate)
	admit(12*second, 8, OtherEpoch)
	admit(12*second, 6, OtherEpoch)
	admit(12*second, 0, OtherEpoch)
	for epoch, want := range map[uint64]uint64{8: 7, 6: 0, 0: 0} {
		if m := i.LastWord(epoch); m.Kind != Return || m.Epoch != want {
			t.Errorf("who decides in epoch %d says %+v, want %d", epoch, m, want)
		}
	}
	if !i.Ask(15 * second) {
		t.Error("it is not asked again")
	}
}
