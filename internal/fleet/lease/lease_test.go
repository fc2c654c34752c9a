package lease

import (
	"testing"
	"time"
)

const second = time.Second

func owner(voters ...uint64) *Owner {
	o := &Owner{}
	o.Elect(voters)
	return o
}

// The lease counts from the sending of the last round that a majority has acknowledged.
func TestMajority(t *testing.T) {
	o := owner(1, 2, 3)
	for _, c := range []struct {
		voter       uint64
		sent, until time.Duration
	}{
		{1, 10 * second, 0},
		{1, 11 * second, 0},
		{9, 11 * second, 0}, // nobody
		{2, 10 * second, 10*second + 900*time.Millisecond},
		{3, 12 * second, 11*second + 900*time.Millisecond},
		{2, 9 * second, 11*second + 900*time.Millisecond}, // late
		{1, 13 * second, 12*second + 900*time.Millisecond},
		{2, 13 * second, 13*second + 900*time.Millisecond},
	} {
		o.Ack(c.voter, c.sent)
		if got := o.Until(second); got != c.until {
			t.Errorf("after %+v until %v", c, got)
		}
	}
	o.Elect([]uint64{2, 3, 4, 5})
	if got := o.Until(second); got != 0 {
		t.Errorf("two of four are no majority, until %v", got)
	}
	o.Ack(5, 20*second)
	if got := o.Until(second); got != 12*second+900*time.Millisecond {
		t.Errorf("with four until %v", got)
	}
	if got := owner().Until(second); got != 0 {
		t.Errorf("of nobody until %v", got)
	}
}

// Who has lost the lease for a moment has lost it, whatever comes later.
func TestLost(t *testing.T) {
	o := owner(1)
	if o.Holds(second, second) || o.Lost() {
		t.Error("it never had one")
	}
	o.Ack(1, 2*second)
	if !o.Holds(2*second, second) {
		t.Error("not held")
	}
	if o.Holds(2*second+900*time.Millisecond, second) || !o.Lost() {
		t.Error("held when it has ended")
	}
	o.Ack(1, 3*second)
	if o.Holds(3*second, second) {
		t.Error("held again")
	}
	o.Reset()
	o.Ack(1, 3*second)
	if o.Holds(3*second, second) || o.Lost() {
		t.Error("held by a round from before")
	}
	o.Ack(1, 4*second)
	if !o.Holds(4*second, second) {
		t.Error("not held after a new beginning")
	}
	if o.Holds(4*second-1, second) || o.Holds(4*second, second) {
		t.Error("held although the clock ran backwards")
	}
}
