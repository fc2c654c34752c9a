package view

import (
	"bytes"
	"fmt"
	"slices"
)

// The pools of a running fleet change at one moment for all members, or not at all. Members say that they are ready.
// When all are, they hold the requests of their clients, and say so. When all do, owners give up their groups. The
// command with which no group has an owner any more changes the pools. Whatever disturbs this before, such as a death,
// leaves the pools as they are.

// disturbs tells whether a command leaves the pools as they are that were about to change.
func (k Kind) disturbs() bool {
	switch k {
	case Join, Bury, Leave, Lapse, Pools:
		return true
	}
	return false
}

// Unready says why the pools cannot change while members are as the view has them: it names the member; nil: they can.
func (v *View) Unready() error {
	for i := range v.Members {
		switch m := &v.Members[i]; {
		case !m.in() && m.Witness: // it has no pools
		case m.in() && m.Newest < withChanges:
			return fmt.Errorf("member %s has a version of magent that cannot do this: upgrade it first", m.Name)
		case m.State != Alive:
			return fmt.Errorf("member %s is %s: wait until it is alive", m.Name, m.State)
		}
	}
	return nil
}

// Behind names the members that have not come so far with a change.
func (v *View) Behind(step Prepared) (names []string) {
	for i := range v.Members {
		if m := &v.Members[i]; m.in() && !m.Witness && m.Prepared < step {
			names = append(names, m.Name)
		}
	}
	return names
}

// lowest is the newest version that all members speak; 0: nobody takes part.
func (v *View) lowest() (lowest uint16) {
	for i := range v.Members {
		if m := &v.Members[i]; m.in() && (lowest == 0 || m.Newest < lowest) {
			lowest = m.Newest
		}
	}
	return lowest
}

// Version is the first one in which a command can be understood.
func (k Kind) Version() uint16 {
	if k >= Prepare {
		return withChanges
	}
	return 1
}

// All reports whether all members that carry something have come so far with a change.
func (v *View) All(step Prepared) bool {
	return v.Change != nil && len(v.Behind(step)) == 0
}

// Quiet reports whether all hold the requests of their clients, so that owners give up their groups.
func (v *View) Quiet() bool { return v.All(Holding) }

func (v *View) prepare(m *Member, c Command) (reason string, err error) {
	switch n := v.Change; {
	case v.lowest() < withChanges:
		return "", fmt.Errorf("the pools cannot change while a member has an older version of magent")
	case !eligible(m):
		return "", fmt.Errorf("%s carries nothing", m.Name)
	case len(c.Groups) == 0 || SamePools(v.Pools, c.Pools):
		return "", fmt.Errorf("the pools are the same")
	case n == nil && c.Since != 0:
		return "", fmt.Errorf("that change is over")
	case n == nil && slices.ContainsFunc(v.Members, func(o Member) bool { return o.State == Joining }):
		return "", fmt.Errorf("a member is about to join")
	case n == nil:
		v.Change = &Change{v.Epoch, c.Pools, c.Groups}
		v.Change = v.Change.clone()
	case c.Since != n.Since && (c.Since != 0 || c.Holds):
		return "", fmt.Errorf("another change is under way")
	case !bytes.Equal(n.Pools, c.Pools):
		return "", OtherPools(m.Name, n.Pools, c.Pools)
	}
	to := Standby
	if c.Holds {
		to = Holding
	}
	if m.Prepared >= to || c.Holds && !v.All(Standby) {
		return "", fmt.Errorf("%s has come as far, or not all are ready", m.Name)
	}
	m.Prepared = to
	if c.Holds {
		return m.Name + " holds its clients for other pools", nil
	}
	return m.Name + " is ready for other pools", nil
}

func (v *View) abandoned(c Command) (reason string, err error) {
	if v.Change == nil || v.Change.Since != c.Since {
		return "", fmt.Errorf("that change is over")
	}
	v.abandon()
	return fmt.Sprintf("the pools stay as they are: %s: %s", c.Name, c.Why), nil
}

func (v *View) abandon() {
	v.Change = nil
	for i := range v.Members {
		v.Members[i].Prepared = Unprepared
	}
}

func (v *View) yield(m *Member, c Command) (reason string, err error) {
	if !v.Quiet() || v.Change.Since != c.Since || !v.Owns(m.Name, m.Incarnation) {
		return "", fmt.Errorf("%s is not asked to give up its groups", m.Name)
	}
	for i := range v.Groups {
		if g := &v.Groups[i]; g.Owner == m.Name {
			g.Owner, g.Incarnation, g.Settled = "", 0, c.Settled
		}
	}
	return m.Name + " gives up its groups", nil
}

// turn goes over to other pools, if all members hold and nobody decides for anything. All that was under way is
// finished, and all members know what servers have missed. Otherwise copies have to be compared, which is done by the
// pools as they are.
func (v *View) turn() (reason string) {
	if !v.Quiet() || slices.ContainsFunc(v.Groups, func(g Group) bool { return g.Owner != "" }) {
		return ""
	}
	silent := uint64(0) // of all groups: keys may have been in any of them
	for _, g := range v.Groups {
		if silent = max(silent, g.Silent); !g.Settled || g.Divided {
			v.abandon()
			return ": copies have to be compared, so the pools stay as they are"
		}
	}
	n := v.Change
	v.Pools, v.Groups, v.Turned = n.Pools, nil, v.Epoch
	for _, g := range n.Groups {
		v.Groups = append(v.Groups, Group{Name: g.Name, Home: g.Home, Silent: silent, Settled: true})
	}
	v.abandon()
	return ": all members place keys by other pools now"
}
