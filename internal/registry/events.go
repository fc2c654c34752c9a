package registry

import (
	"slices"
	"sync"
	"time"

	"magent/internal/stats"
)

// maxEvents is how many changes of state are remembered.
const maxEvents = 100

// Events remembers the last changes of state. They come from all loops, and are rare, so it may lock.
type Events struct {
	mu   sync.Mutex
	ring [maxEvents]stats.Event
	n    int // of all that there have been
}

// Note remembers that something happens now.
func (e *Events) Note(what stats.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	what.Time = time.Now()
	e.ring[e.n%maxEvents] = what
	e.n++
}

// List are the last changes of state, the oldest first.
func (e *Events) List() []stats.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.n <= maxEvents {
		return slices.Clone(e.ring[:e.n])
	}
	at := e.n % maxEvents
	return append(slices.Clone(e.ring[at:]), e.ring[:at]...)
}
