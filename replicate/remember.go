package replicate

import (
	"magent/ascii"
	"magent/backend/ring"
	"magent/internal/hot"
)

// Govern has the engine decide in a fleet: it answers from memory only while may says so, and reads wait (late.go).
func (e *Engine) Govern(may func() bool) {
	e.memory.May, e.patient = may, true
	e.WatchCopies(e.onCopying)
}

// Forget takes all keys out of memory: a server was lost or is back, or it is not known what it holds.
func (e *Engine) Forget() {
	if e.memory.Cache != nil {
		e.memory.Cache.Clear()
	}
}

// Remembered returns how many keys are in memory, and how many bytes they take.
func (e *Engine) Remembered() (keys, bytes int64) {
	if e.memory.Cache == nil {
		return 0, 0
	}
	return int64(e.memory.Cache.Keys()), int64(e.memory.Cache.Bytes())
}

// SetPrimaries is call.Servers.SetPrimaries. Other servers answer for some keys from now on.
func (e *Engine) SetPrimaries(r *ring.Ring) {
	e.Servers.SetPrimaries(r)
	e.Forget()
}

// refreshed notices that the state of a server has changed, and so perhaps who answers for a key.
func (e *Engine) refreshed() *hot.Cache {
	m := &e.memory
	if n := e.Health.Changes(); n != m.changes {
		m.changes = n
		m.Cache.Clear()
	}
	return m.Cache
}

// found notes what a server has answered to a read that was not for the memory.
func (m *memory) found(c *Call, r *ascii.Reply) {
	if m.Cache != nil && (r.Kind == ascii.Values && r.Hits == 0 || r.Kind == ascii.MetaEN) {
		m.Cache.Missed(c.key)
	}
}

// leaveMemory takes the key of a mutation that is about to be sent out of memory.
func (e *Engine) leaveMemory(c *Call) {
	cache := e.memory.Cache
	if cache == nil {
		return
	}
	c.mark = cache.Begins(c.key)
	switch {
	case c.traits.Marks:
		cache.Stale(c.key)
	case c.traits.Blind, c.traits.Removes:
		cache.Renewed(c.key)
	}
}

// keysLeaveMemory is leaveMemory for the keys of a gat.
func (c *Call) keysLeaveMemory() {
	cache, m := c.e.memory.Cache, c.many
	if cache == nil {
		return
	}
	for i := range m.owner {
		m.marks = append(m.marks, cache.Begins(m.key(i)))
	}
}

// closeMemory closes memory for a flush_all. It reports whether there is one to be opened.
func (e *Engine) closeMemory() bool {
	if e.memory.Cache == nil {
		return false
	}
	e.memory.Cache.Close()
	return true
}

// ended is told that nobody waits for a reply to c any more.
func (m *memory) ended(c *Call) {
	if c.mark != 0 {
		m.Cache.Ends(c.mark)
		c.mark = 0
	}
	if c.closes {
		m.Cache.Open()
		c.closes = false
	}
	if c.many != nil {
		for _, mark := range c.many.marks {
			m.Cache.Ends(mark)
		}
		c.many.marks = c.many.marks[:0]
	}
}
