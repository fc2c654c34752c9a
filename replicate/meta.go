package replicate

import (
	"magent/ascii"
)

// lacking finds a server that keeps c, a meta command, from being carried out: one that it would go to, and that
// has no such commands. No server: -1. Both copies have to have them: a key that only one can hold would be without
// its second copy.
func (e *Engine) lacking(c *Call) int {
	if c.plan == planRead {
		i := c.lead
		if c.follow >= 0 && !e.Health.Readable(c.lead) {
			i = c.follow
		}
		return e.lacks(i, c.shape)
	}
	if i := e.lacks(c.lead, c.shape); i >= 0 {
		return i
	}
	return e.lacks(c.follow, c.shape)
}

// lacks returns i when server i is in use and known to lack what a request of that shape needs, else -1.
func (e *Engine) lacks(i int, s ascii.Shape) int {
	if i >= 0 && e.Health.Usable(i) && e.Conns[i].Lacks(s) {
		return i
	}
	return -1
}

// refuse answers a meta command that server i lacks.
func (c *Call) refuse(i int) {
	c.e.countError(c.op)
	c.Held = append(c.Held[:0], "SERVER_ERROR "...)
	c.Held = append(append(c.Held, c.e.Conns[i].Name()...), ": "...)
	c.Held = append(append(c.Held, c.e.Conns[i].Lacking(c.shape).Error()...), "\r\n"...)
	c.finish(ascii.ServerError, c.Held)
}
