package loop

import (
	"testing"
	"time"
)

// Whoever never waits gets a twentieth of the time at most, however often it is there.
func TestYielding(t *testing.T) {
	const slice, turn, span = int64(3 * time.Millisecond), int64(50 * time.Microsecond), int64(time.Second)
	for name, c := range map[string]struct {
		slice      int64
		most, less int64 // of a second that is given away
	}{
		"who never waits":   {slice, span / 20, span / 40},
		"others, for short": {longLent - 1, span, span / 2},
	} {
		y := yielding{on: true}
		given := int64(0)
		for now := int64(1); now < span; now += turn {
			if y.due(now, 1) {
				given += c.slice
				now += c.slice
				y.took(now, c.slice)
			}
		}
		if given > c.most || given < c.less {
			t.Errorf("%s: %v of a second are given away", name, time.Duration(given))
		}
	}
}

func TestWhenNothingIsYielded(t *testing.T) {
	if y := (yielding{}); y.due(5, 1) {
		t.Error("without being asked for")
	}
	if y := (yielding{on: true}); y.due(5, 0) || !y.due(5, 1) {
		t.Error("after a turn without events")
	}
}

// A loop that yields does all that one does that does not.
func TestYieldingLoop(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	l.Yielding()
	ended := make(chan error, 1)
	go func() { ended <- l.Run() }()
	for i := range 100 {
		done := make(chan struct{})
		l.Post(TaskFunc(func() { close(done) }))
		select {
		case <-done:
		case err := <-ended:
			t.Fatalf("task %d: the loop has ended: %v", i, err)
		}
	}
	l.Post(TaskFunc(l.Stop))
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
