package harness

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// Eventually polls until check returns nil. If that does not happen in time, the test fails with the last error. what
// names the event that the test waits for.
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

// Together calls actor n times at the same time, with the numbers from 0, waits for all calls, and joins their errors.
func Together(n int, actor func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = actor(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}
