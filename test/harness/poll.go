package harness

import (
	"errors"
	"sync"
)

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
