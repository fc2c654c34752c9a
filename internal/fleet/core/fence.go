package core

import (
	"slices"
	"time"
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
		there := !known || slices.ContainsFunc(h.fenced[server], func(one address) bool {
			return slices.Contains(connected, one.Address)
		})
		if there && (asked < h.ended+c.cfg.UserTimeout*11/10 || !c.upToDate(h.opened)) {
			continue
		}
		c.forget(h.fenced[server], there)
		delete(h.fenced, server)
		c.decide(Decision{Act: Open, Group: g.Name, Epoch: h.since, Server: server})
	}
	c.act()
}

// upToDate tells whether the view that this process knows is one that nobody had gone beyond at a time: a majority
// has acknowledged a round of the lease that was sent later.
func (c *Core) upToDate(at time.Duration) bool { return c.LeaseUntil() > at+c.cfg.Lease*9/10 }

// forget tells all that nothing is left of the dead at a server. there: some may still be connected; those that a
// newer view has as living are not forgotten.
func (c *Core) forget(gone []address, there bool) {
	for _, one := range gone {
		if lost, ok := c.known[one]; ok && !(there && !lost && c.view.Lives(one.Name, one.Incarnation, one.Life)) {
			c.Record(one.record(Gone))
		}
	}
}
