package fence

import (
	"context"
	"sync"
)

// Set has the fences of a process, by the servers' addresses as they are configured. It is complete before any loop
// runs, and not changed any more. A nil Set has none.
type Set struct {
	// Whole says that all connections of the dead are known: a server without a fence had none.
	Whole bool

	of   map[string]*Fence
	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup
}

// NewSet returns a set without fences. The caller must close it.
func NewSet() *Set {
	s := &Set{of: map[string]*Fence{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Add adds the fence of a server.
func (s *Set) Add(server string, o Options) { s.of[server] = &Fence{o: o, ctx: s.ctx, done: &s.done} }

// Of returns the fence of a server; nil: it has none.
func (s *Set) Of(server string) *Fence {
	if s == nil {
		return nil
	}
	return s.of[server]
}

// Clear reports whether nothing of the dead can reach the server any more.
func (s *Set) Clear(server string) bool {
	if s == nil {
		return false
	}
	if f := s.of[server]; f != nil {
		return f.Outcome() == Clear
	}
	return s.Whole
}

// Close ends what is going on, and waits for that.
func (s *Set) Close() {
	if s != nil {
		s.stop()
		s.done.Wait()
	}
}
