package pool

import (
	"sync"

	"magent/backend"
	"magent/internal/loop"
)

// Door keeps the loops from connecting to a server on which connections of the dead may still be. It is closed until
// Open. Its methods may be called from any goroutine.
type Door struct {
	mu      sync.Mutex
	open    bool
	waiting []func()
}

// Doors are those of a pool, by server; nil: it is open.
type Doors []*Door

// NewDoor returns a door that is closed.
func NewDoor() *Door { return &Door{} }

// Open lets through whoever waits, and whoever comes.
func (d *Door) Open() {
	d.mu.Lock()
	waiting := d.waiting
	d.open, d.waiting = true, nil
	d.mu.Unlock()
	for _, pass := range waiting {
		pass()
	}
}

// await reports whether the door is open. If it is not, pass is called when it is.
func (d *Door) await(pass func()) (open bool) {
	if d == nil {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open {
		d.waiting = append(d.waiting, pass)
	}
	return d.open
}

// doorman is the backend.Dialer of a connection behind a door.
type doorman struct {
	door  *Door
	inner backend.Dialer
	l     *loop.Loop
}

// Resolve is that of backend.Dialer.
func (m *doorman) Resolve(c *backend.Conn) {
	again := loop.TaskFunc(func() {
		if c.Connecting() {
			m.inner.Resolve(c)
		} else {
			c.Connect() // the time to connect was over
		}
	})
	if m.door.await(func() { m.l.Post(again) }) {
		m.inner.Resolve(c)
	}
}

// fixedAt is the Dialer of a server at a fixed address.
type fixedAt struct{ at loop.Endpoint }

// Resolve is that of backend.Dialer.
func (f fixedAt) Resolve(c *backend.Conn) { c.Resolved([]loop.Endpoint{f.at}, nil) }

// IsOpen reports whether the door is open.
func (d *Door) IsOpen() bool {
	if d == nil {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// Open reports whether the doors of some servers are open; nil: those of all.
func (d Doors) Open(some []bool) bool {
	for i, door := range d {
		if (some == nil || some[i]) && !door.IsOpen() {
			return false
		}
	}
	return true
}
