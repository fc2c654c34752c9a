package core

import (
	"fmt"
	"slices"

	"magent/internal/fleet/hearing"
	"magent/internal/fleet/view"
)

// ear is what a process of a member says.
func (c *Core) ear(m *view.Member, incarnation uint64) hearing.Ear {
	e := hearing.Ear{Name: m.Name, Incarnation: incarnation, Witness: m.Witness, Joins: m.State == view.Joining}
	if m.Name == c.cfg.Name {
		e.Leads, e.Serial, e.Hears = c.Leader(), c.serial, c.heard.Hears(c.tick)
	} else if h := c.heard[m.Name][incarnation]; h != nil {
		e.Serial, e.Hears = h.Hello.Serial, h.Hello.Hears
	}
	return e
}

// ears are those who take part and are heard. Others are dead, or are put out because they are silent.
func (c *Core) ears() (all []hearing.Ear) {
	heard := append(c.heard.Hears(c.tick), c.meta.Incarnation)
	for i := range c.view.Members {
		if m := &c.view.Members[i]; m.State != view.Absent && slices.Contains(heard, m.Incarnation) {
			all = append(all, c.ear(m, m.Incarnation))
		}
	}
	return all
}

// putOut is what the view should say of members that do not hear each other; Kind 0: all do.
func (c *Core) putOut() view.Command {
	worst, from := c.apart.Worst(c.ears())
	if worst == nil || !c.in || c.view.Member(c.cfg.Name).State != view.Alive {
		return view.Command{}
	}
	return view.Command{
		Kind: view.Bury, Name: worst.Name, Incarnation: worst.Incarnation, By: c.cfg.Name,
		Why: fmt.Sprintf("%s and %s do not hear each other", worst.Name, from.Name),
	}
}
