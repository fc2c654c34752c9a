package core

import (
	"fmt"
	"slices"
	"strings"

	"magent/internal/fleet/durable"
	"magent/internal/fleet/view"
)

// The list of members does not change while a fleet goes on. Members that were started with another list leave it, and
// found it anew when all of the new list are there. Nobody of the old list may go on to decide then. So most of those
// that vote have to be in the new list, and who is taken out of it must not take part any more.

// notInBoth names the members that are in the list or in a view, and not in both.
func (c *Core) notInBoth(v *view.View) (names []string) {
	for _, m := range v.Members {
		if p := c.cfg.peer(m.Name); p == nil || p.Witness != m.Witness {
			names = append(names, m.Name)
		}
	}
	for _, p := range c.cfg.List {
		if v.Member(p.Name) == nil {
			names = append(names, p.Name)
		}
	}
	return names
}

// takeList leaves the generation, because this member was started with another list. An error says why it may not.
func (c *Core) takeList() error {
	var was, is []string
	for _, p := range c.cfg.List {
		is = append(is, memberText(p.Name, p.Witness))
	}
	others := c.notInBoth(&c.view)
	voters, stay := 0, 0
	out := ""
	for i := range c.view.Members {
		m := &c.view.Members[i]
		was = append(was, memberText(m.Name, m.Witness))
		stays := !slices.Contains(others, m.Name)
		if !m.Left {
			voters++
			if stays {
				stay++
			}
		}
		if !stays && m.State != view.Absent {
			out = m.Name
		}
	}
	change := fmt.Sprintf("the members were %s, and are %s now", strings.Join(was, ","), strings.Join(is, ","))
	switch {
	case c.cfg.Missed != "":
		return fmt.Errorf("%s, but %s has missed something: start all members with the list from before, and wait "+
			"until all servers are up", change, c.cfg.Missed)
	case out != "":
		return fmt.Errorf("%s, but %s took part when this member ended: start this one with the list from before, "+
			"stop %s for good, and wait until the others show it as dead", change, out, out)
	case 2*stay <= voters:
		return fmt.Errorf("%s: most of those from before have to stay, so change the list in steps", change)
	}
	c.giveIn(false, true, change+": all of them have to be there")
	return nil
}

func memberText(name string, witness bool) string {
	if witness {
		return name + "/witness"
	}
	return name
}

// viewOf is the view that was saved; Epoch 0: none.
func viewOf(saved *durable.State) (view.View, error) {
	if saved.Snapshot == nil {
		return view.View{}, nil
	}
	return view.Parse(saved.Snapshot.GetData())
}
