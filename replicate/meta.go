package replicate

import (
	"magent/ascii"
	"magent/replicate/decide"
)

// lacking returns a server that c, a meta command, would go to and that does not know such commands; -1: there is
// none. A mutation needs both copies to know them, for otherwise the key would have no second copy.
func (e *Engine) lacking(c *Call) int {
	if c.plan == decide.PlanRead {
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

// lacks returns i if server i is usable and known not to support requests of shape s, else -1.
func (e *Engine) lacks(i int, s ascii.Shape) int {
	if i >= 0 && e.Health.Usable(i) && e.Conns[i].Lacks(s) {
		return i
	}
	return -1
}

// refuse answers a meta command that server i does not support.
func (c *Call) refuse(i int) {
	c.e.countError(c.op)
	c.Held = append(c.Held[:0], "SERVER_ERROR "...)
	c.Held = append(append(c.Held, c.e.Conns[i].Name()...), ": "...)
	c.Held = append(append(c.Held, c.e.Conns[i].Lacking(c.shape).Error()...), "\r\n"...)
	c.finish(ascii.ServerError, c.Held)
}
