package harness

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// Eventually polls until check returns nil. When that does not happen in time, the test ends with its last error.
func Eventually(tb testing.TB, what string, check func() error) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %v: %v", what, patience, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Together runs n actors at the same time, waits for all of them, and returns their errors joined.
func Together(n int, actor func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = actor(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}
