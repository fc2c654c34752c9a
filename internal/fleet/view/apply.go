package view

import (
	"bytes"
	"fmt"
	"slices"
)

// Apply gives the view that follows, and the reason for the log. An error says why a command changes nothing: it is
// too late, or refused. All members come to the same result. v is left as it is.
func Apply(v View, c Command) (next View, reason string, err error) {
	next = v.Clone()
	next.Epoch++
	switch c.Kind {
	case Pools:
		reason, err = next.pools(c)
	case Join:
		reason, err = next.join(c)
	default:
		reason, err = next.change(c)
	}
	if err != nil {
		return v, "", err
	}
	if c.Kind.disturbs() && next.Change != nil {
		next.abandon()
		reason += ", so the pools stay as they are"
	}
	reason += next.turn()
	next.settle()
	return next, reason, nil
}

// change carries out the commands that are about a process that takes part.
func (v *View) change(c Command) (reason string, err error) {
	if !v.Has(c.Name, c.Incarnation) {
		return "", fmt.Errorf("%s has no such process in the view", c.Name)
	}
	m := v.Member(c.Name)
	switch c.Kind {
	case Ready:
		if m.State != Joining {
			return "", fmt.Errorf("%s has joined already", c.Name)
		}
		m.State = Alive
		return c.Name + " has joined", nil
	case Bury:
		return v.bury(m, c)
	case Leave:
		for i := range v.Groups {
			if g := &v.Groups[i]; g.Owner == m.Name {
				g.Owner, g.Incarnation, g.Settled = "", 0, c.Settled
			}
		}
		m.State, m.Left = Absent, v.mayLeave(m)
		return c.Name + " has left", nil
	case Release:
		return v.release(c)
	case Began:
		return v.began(c)
	case Prepare:
		return v.prepare(m, c)
	case Abandon:
		return v.abandoned(c)
	case Yield:
		return v.yield(m, c)
	case Lapse:
		if m.Life != c.Life {
			return "", fmt.Errorf("%s has begun its next life already", c.Name)
		}
		v.orphan(m, true)
		m.Life++
		return c.Name + " lost the right to decide", nil
	}
	return "", fmt.Errorf("a command of an unknown kind, %d", c.Kind)
}

// join takes a process in. What the member had before is over: a process that answers is proof that the one before
// it ended.
func (v *View) join(c Command) (reason string, err error) {
	m := v.Member(c.Name)
	switch {
	case m == nil:
		return "", fmt.Errorf("%q is not in the list", c.Name)
	case slices.ContainsFunc(v.Members, func(o Member) bool { return o.Name != c.Name && o.Voter == c.Voter }):
		return "", fmt.Errorf("%s has the state of another member", c.Name)
	case m.Voter == c.Voter && m.Incarnation >= c.Incarnation:
		return "", fmt.Errorf("%s has joined with this process, or a later one", c.Name)
	case m.in() && m.Voter != c.Voter:
		return "", fmt.Errorf("%s takes part already, and is not known to be dead", c.Name)
	case m.Incarnation != c.Replaces:
		return "", fmt.Errorf("%s has another process by now", c.Name)
	case !m.Witness && len(v.Pools) > 0 && !SamePools(v.Pools, c.Pools):
		return "", OtherPools(c.Name, v.Pools, c.Pools)
	case c.Oldest > v.Version || c.Newest < v.Oldest():
		return "", fmt.Errorf("%s speaks versions %d to %d, the fleet %d to %d",
			c.Name, c.Oldest, c.Newest, v.Oldest(), v.Version)
	}
	v.orphan(m, true)
	reason = c.Name + " joins"
	if m.Voter != c.Voter {
		reason += " as a new voter"
	}
	if c.Divided {
		v.divide()
		reason += ", and may have decided meanwhile: the copies of all keys are compared"
	}
	m.State, m.Left, m.Life = Joining, false, 0
	m.Voter, m.Incarnation, m.Oldest, m.Newest = c.Voter, c.Incarnation, c.Oldest, c.Newest
	if m.Witness {
		m.State = Alive
	}
	if !m.Witness && len(v.Pools) == 0 {
		v.Pools = bytes.Clone(c.Pools)
	}
	return reason, nil
}

func (v *View) bury(m *Member, c Command) (reason string, err error) {
	by := v.Member(c.By)
	if by == nil || by.State != Alive || by.Name == m.Name {
		return "", fmt.Errorf("%q may not bury %s", c.By, m.Name)
	}
	v.orphan(m, c.Proven)
	m.State = Absent
	switch {
	case c.Proven:
		return fmt.Sprintf("%s is dead, as %s has proven", m.Name, c.By), nil
	case c.Why != "":
		return fmt.Sprintf("%s is put out by %s: %s", m.Name, c.By, c.Why), nil
	}
	return fmt.Sprintf("%s is not heard of by %s", m.Name, c.By), nil
}

func (v *View) release(c Command) (reason string, err error) {
	g := v.Group(c.Group)
	if g == nil || g.Owner != c.Name || g.Incarnation != c.Incarnation || g.Since != c.Since {
		return "", fmt.Errorf("%s does not own %q", c.Name, c.Group)
	}
	to := v.Member(c.To)
	if c.To != "" && !eligible(to) {
		return "", fmt.Errorf("%q cannot own %q", c.To, c.Group)
	}
	g.Owner, g.Incarnation, g.Settled = "", 0, c.Settled
	reason = fmt.Sprintf("%s hands %s over", c.Name, g.Name)
	if to != nil {
		v.give(g, to)
		reason += " to " + to.Name
	}
	return reason, nil
}

func (v *View) began(c Command) (reason string, err error) {
	g := v.Group(c.Group)
	if g == nil || g.Owner != c.Name || g.Incarnation != c.Incarnation || g.Since != c.Since || g.Silent == 0 {
		return "", fmt.Errorf("%s has not begun with %q", c.Name, c.Group)
	}
	g.Silent = 0
	return fmt.Sprintf("%s decides for %s", c.Name, g.Name), nil
}

// pools goes over to other pools. Nobody knows what was under way in those before.
func (v *View) pools(c Command) (reason string, err error) {
	if bytes.Equal(v.Pools, c.Pools) || len(c.Pools) == 0 || len(c.Groups) == 0 {
		return "", fmt.Errorf("the pools are the same")
	}
	for i := range v.Members {
		if m := &v.Members[i]; !m.Witness {
			v.orphan(m, c.Proven)
			m.State = Absent
		}
	}
	silent := uint64(0) // of all groups: keys may have been in any of them
	for _, g := range v.Groups {
		silent = max(silent, g.Silent)
	}
	v.Pools, v.Groups = bytes.Clone(c.Pools), nil
	for _, g := range c.Groups {
		v.Groups = append(v.Groups, Group{Name: g.Name, Home: g.Home, Silent: silent})
	}
	return "all members have other pools", nil
}

// orphan takes all groups from a member. stopped: it decides nothing any more, so its lease need not be waited for.
func (v *View) orphan(m *Member, stopped bool) {
	for i := range v.Groups {
		if g := &v.Groups[i]; m.in() && g.Owner == m.Name {
			g.Owner, g.Incarnation, g.Settled = "", 0, false
			if !stopped {
				g.Silent = v.Epoch
			}
		}
	}
}

// mayLeave tells whether the fleet can do without a member's vote: some other voter takes part.
func (v *View) mayLeave(m *Member) bool {
	return slices.ContainsFunc(v.Members, func(o Member) bool { return o.Name != m.Name && o.in() })
}

// Oldest is the oldest version that members can have and be let in: the one before the view's.
func (v *View) Oldest() uint16 { return max(v.Version, 2) - 1 }

// settle gives groups without an owner to who can own them, and sets the version.
func (v *View) settle() {
	for i := range v.Groups {
		if g := &v.Groups[i]; g.Owner == "" && !v.Quiet() {
			if name := Place(v, g); name != "" {
				v.give(g, v.Member(name))
			}
		}
	}
	if lowest := v.lowest(); lowest > 0 {
		v.Version = lowest
	}
	if v.Version == withChanges && v.Change == nil {
		v.Version-- // whoever goes back to the version before understands what is agreed on
	}
}

func (v *View) give(g *Group, to *Member) {
	g.Owner, g.Incarnation, g.Since = to.Name, to.Incarnation, v.Epoch
	g.Settled, g.Divided = g.Settled && !g.Divided, false
}

// divide notes that somebody may have decided for all groups without their owners' knowledge.
func (v *View) divide() {
	for i := range v.Groups {
		v.Groups[i].Divided = true
	}
}
