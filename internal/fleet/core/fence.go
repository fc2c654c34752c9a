package core

import (
	"slices"
	"time"

	"magent/internal/fault"
)

// Listed says which addresses are connected to a server, as it answered `stats conns` itself; asked is when the
// question was sent. known is false if the server answers, but cannot list its connections, or they come through
// something that hides their addresses. A server that does not answer cannot be used anyway, and is asked again.
func (c *Core) Listed(now, asked time.Duration, server string, known bool, connected []string) {
	c.at(now)
	for _, g := range c.view.Groups {
		h := c.holds[g.Name]
		if h == nil || h.stage != decides && h.stage != drains || len(h.fenced[server]) == 0 || asked < h.opened {
			continue
		}
		left := slices.DeleteFunc(slices.Clone(h.fenced[server]), func(one address) bool {
			return known && !slices.Contains(connected, one.Address)
		})
		there := len(left) > 0
		if there && (!c.hasRead(now, asked, h, server, left) || !c.upToDate(h.opened)) {
			continue
		}
		c.forget(h.fenced[server], there)
		delete(h.fenced, server)
		c.decide(Decision{Act: Open, Group: g.Name, Epoch: h.since, Server: server})
	}
	c.act()
}

// hasRead tells whether nothing can come any more of connections that a server lists, or may have: it has been
// answering for a while since their owners' kernels have stopped to send, so it has read what lay in its sockets. It
// may have stood still until then. Where it seems to have stood still once more, that begins again.
func (c *Core) hasRead(now, asked time.Duration, h *holding, server string, left []address) bool {
	sent, a := c.sent(h, left), h.answers[server]
	if asked < sent {
		return false
	}
	if a.first < sent || now-a.last > c.cfg.UserTimeout {
		a.first = now
	}
	a.last = now
	h.answers[server] = a
	return asked >= a.first+c.cfg.UserTimeout/10 || fault.Woken
}

// sent is from when on kernels send nothing any more on connections. Nothing was written to one after its owner had
// ended, or had given it up.
func (c *Core) sent(h *holding, left []address) (at time.Duration) {
	for _, one := range left {
		written := h.ended
		if lost := c.known[one]; lost > 0 {
			written = min(written, lost)
			if fault.GivenUp {
				continue
			}
		}
		at = max(at, written+c.cfg.UserTimeout)
	}
	return at
}

// upToDate tells whether the view that this process knows is one that nobody had gone beyond at a time: a majority
// has acknowledged a round of the lease that was sent later.
func (c *Core) upToDate(at time.Duration) bool { return c.LeaseUntil() > at+c.cfg.Lease*9/10 }

// forget tells all that nothing is left of the dead at a server. there: some may still be connected; those that a
// newer view has as living are not forgotten.
func (c *Core) forget(gone []address, there bool) {
	for _, one := range gone {
		if lost, ok := c.known[one]; ok && !(there && lost == 0 && c.view.Lives(one.Name, one.Incarnation, one.Life)) {
			c.Record(one.record(Gone))
		}
	}
}
