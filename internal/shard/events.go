package shard

import (
	"slices"
	"sync"
	"time"

	"magent/internal/stats"
)

// maxEvents is how many changes of state are remembered.
const maxEvents = 100

// events remembers the last changes of state. They come from all loops, and are rare, so it may lock.
type events struct {
	mu   sync.Mutex
	ring [maxEvents]stats.Event
	n    int // of all that there have been
}

// note remembers that something happens now.
func (e *events) note(what stats.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	what.Time = time.Now()
	e.ring[e.n%maxEvents] = what
	e.n++
}

// Events are the last changes of state, the oldest first.
func (svc *Service) Events() []stats.Event {
	e := &svc.events
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.n <= maxEvents {
		return slices.Clone(e.ring[:e.n])
	}
	at := e.n % maxEvents
	return append(slices.Clone(e.ring[at:]), e.ring[:at]...)
}
