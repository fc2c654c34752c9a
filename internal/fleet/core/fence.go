package core

import (
	"maps"
	"slices"
	"strings"
	"time"

	"magent/internal/fault"
	"magent/internal/fleet/view"
)

// address is a connection to a server, and the life of the process that has it.
type address struct {
	Server, Address, Name string
	Incarnation, Life     uint64
}

// addresses are the connections that may exist, of all members, the dead included; true: given up by its owner,
// who goes on, while something may lie in its socket.
type addresses map[address]bool

// take notes what a record says of connections.
func (a addresses) take(r Record) {
	one := address{r.Server, r.Address, r.Name, r.Incarnation, r.Life}
	switch r.Kind {
	case Address:
		if _, ok := a[one]; !ok {
			a[one] = false
		}
	case Lost:
		a[one] = true
	case Gone:
		delete(a, one)
	}
}

// all are the records that say the same.
func (a addresses) all() (records []Record) {
	for one, lost := range a {
		kind := Address
		if lost {
			kind = Lost
		}
		records = append(records, one.record(kind))
	}
	slices.SortFunc(records, func(x, y Record) int {
		return strings.Compare(x.Server+" "+x.Address+" "+x.Name, y.Server+" "+y.Address+" "+y.Name)
	})
	return records
}

func (a address) record(kind RecordKind) Record {
	return Record{
		Kind: kind, Server: a.Server, Address: a.Address,
		Name: a.Name, Incarnation: a.Incarnation, Life: a.Life,
	}
}

// dead are those that were given up, and those of lives that have ended: nobody gives account of what lies in
// their sockets.
func (a addresses) dead(v *view.View) (found []address) {
	for one, lost := range a {
		if lost || !v.Lives(one.Name, one.Incarnation, one.Life) {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(x, y address) int {
		return strings.Compare(x.Server+" "+x.Address, y.Server+" "+y.Address)
	})
	return found
}

// fence keeps a group from servers on which the dead may still have connections.
func (c *Core) fence(group string, h *holding) {
	h.fenced = map[string][]address{}
	if fault.Fence {
		return
	}
	for _, one := range c.known.dead(&c.view) {
		h.fenced[one.Server] = append(h.fenced[one.Server], one)
	}
	for _, server := range slices.Sorted(maps.Keys(h.fenced)) {
		d := Decision{Act: Fence, Group: group, Epoch: h.since, Server: server}
		for _, one := range h.fenced[server] {
			d.Addresses = append(d.Addresses, one.Address)
		}
		c.decide(d)
	}
}

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
