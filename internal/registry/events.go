package registry

import (
	"slices"
	"sync"
	"time"

	"magent/internal/stats"
)

// maxEvents is the number of events that are remembered.
const maxEvents = 100

// Events remembers the last events, such as changes of state. It is safe for use by several goroutines: events are
// rare, so a mutex is good enough.
type Events struct {
	mu   sync.Mutex
	ring [maxEvents]stats.Event
	n    int // the number of events so far
}

// Note remembers an event, with the present time.
func (e *Events) Note(what stats.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	what.Time = time.Now()
	e.ring[e.n%maxEvents] = what
	e.n++
}

// List returns a copy of the last events, the oldest first.
func (e *Events) List() []stats.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.n <= maxEvents {
		return slices.Clone(e.ring[:e.n])
	}
	at := e.n % maxEvents
	return append(slices.Clone(e.ring[at:]), e.ring[:at]...)
}
