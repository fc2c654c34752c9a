package distribute

import (
	"unsafe"

	"magent/internal/call"
	"magent/internal/loop"
)

// New returns an engine for s. random means that keys have no server of their own.
func New(s *call.Servers, random bool) *Engine {
	return &Engine{
		Servers: s, random: random, free: loop.NewFree[Call](s.Spare),
		split: splitting{of: make([]int, len(s.Conns))},
	}
}

// NewCall returns a Call whose reply goes to client. It returns to the engine's free list once the client has released
// it and the last server has replied.
func (e *Engine) NewCall(client call.Client) *Call {
	c := e.free.Get()
	if c == nil {
		c = &Call{e: e}
		c.Make(e.Servers, c, c.recycle)
	}
	c.Lend(client)
	return c
}

// recycle puts c on the free list once nobody needs it any more.
func (c *Call) recycle() {
	if !c.Over() {
		return
	}
	if c.Waiting() < 0 {
		c.e.Broken("a command has got one reply too many", nil)
		c.Forsake()
		return
	}
	c.Return()
	c.fresh = false
	size := int(unsafe.Sizeof(*c)) + cap(c.Note)
	if cap(c.Held)+cap(c.search.raw) > call.MaxKept {
		c.Held, c.search.raw = nil, nil
	}
	if m := c.parts; m != nil {
		m.reset()
		size += m.memory()
	}
	if !c.e.Retired {
		c.e.free.Put(c, size+cap(c.Held)+cap(c.search.raw))
	}
}
