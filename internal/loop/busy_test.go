package loop

import (
	"testing"
	"time"
)

// The longest turn is remembered for at least one window, and at most two.
func TestBusyForgets(t *testing.T) {
	var l Loop
	at := func(window, part int64) int64 { return window*busyWindow + part }
	for _, c := range []struct {
		now     int64
		d, want time.Duration
	}{
		{at(0, 5), 7, 7},
		{at(0, 6), 3, 7},
		{at(1, 0), 2, 7},
		{at(1, 9), 1, 7},
		{at(2, 0), 1, 2},
		{at(3, 0), 0, 1},
		{at(9, 0), 4, 4},
		{at(12, 0), 0, 0},
	} {
		l.busy.note(c.now, int64(c.d))
		l.now = c.now
		if got := l.Busy().Longest; got != c.want {
			t.Errorf("at %v: %v, want %v", time.Duration(c.now), got, c.want)
		}
	}
	if got := l.Busy().Total; got != 18 {
		t.Errorf("total: %d", got)
	}
	l.now = at(20, 0)
	if got := l.Busy().Longest; got != 0 {
		t.Errorf("of an idle loop: %v", got)
	}
}

// A long turn shows in the figures.
func TestBusyCountsWork(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var before, after Busy
	const held = 20 * time.Millisecond
	l.Set(NewTimer(func() {
		before = l.Busy()
		for began := time.Now(); time.Since(began) < held; {
		}
		l.Set(NewTimer(func() {
			after = l.Busy()
			l.Stop()
		}), time.Millisecond)
	}), 2*held)
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if after.Longest < held || after.Total-before.Total < held || after.Turns <= before.Turns {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
