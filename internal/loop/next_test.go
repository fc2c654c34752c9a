package loop

import (
	"testing"

	"magent/internal/testkit"
)

// again is a Flusher that marks itself for the next turn, a number of times.
type again struct {
	l     *Loop
	left  int
	turns []int64
	done  chan struct{}
}

func (a *again) Flush() {
	a.turns = append(a.turns, a.l.Turns)
	if a.left--; a.left == 0 {
		close(a.done)
		return
	}
	a.l.MarkNext(a)
}

// What is marked for the next turn is flushed in that turn, not before, and the loop does not wait for an event
// between.
func TestMarkNext(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Run() }()
	a := &again{l: l, left: 5, done: make(chan struct{})}
	l.Post(TaskFunc(func() { l.MarkNext(a) }))
	testkit.Await(t, "the loop does not wait", a.done)
	l.Post(TaskFunc(l.Stop))
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for i := 1; i < len(a.turns); i++ {
		if a.turns[i] != a.turns[i-1]+1 {
			t.Errorf("flushed in the turns %v", a.turns)
		}
	}
}
