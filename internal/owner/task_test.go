package owner

import (
	"context"
	"testing"

	"magent/internal/testkit"
)

// TestTaskThatHasBegun: who has transit do something waits until it is done, even if the process is told to end
// meanwhile: it would be done once more, or what it changes be read. What has not begun is not done.
func TestTaskThatHasBegun(t *testing.T) {
	ending, end := context.WithCancel(t.Context())
	f := &Owner{ctx: t.Context(), wake: make(chan struct{}, 1)}
	f.o.Ending = ending
	begun, goOn, done := make(chan struct{}), make(chan struct{}), make(chan bool, 1)
	go func() { done <- f.inTransit(func() { close(begun); <-goOn }) }()
	<-f.wake
	go f.doTasks()
	testkit.Await(t, "its beginning", begun)
	end()
	if f.inTransit(func() { t.Error("it is done") }) {
		t.Error("it is said to be done")
	}
	select {
	case got := <-done:
		t.Errorf("it is not waited for: %v", got)
	default:
	}
	close(goOn)
	if !testkit.Await(t, "its end", done) {
		t.Error("it is said not to be done")
	}
}
