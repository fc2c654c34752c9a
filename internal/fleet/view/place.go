package view

// eligible tells whether a member can own groups.
func eligible(m *Member) bool { return m != nil && m.State == Alive && !m.Witness }

// Place names who is to own a group that has no owner: the member at its home, else who owns the fewest groups,
// else who comes first in the list. Empty: nobody can.
func Place(v *View, g *Group) (name string) {
	if eligible(v.Member(g.Home)) {
		return g.Home
	}
	fewest := 0
	for i := range v.Members {
		m := &v.Members[i]
		if !eligible(m) {
			continue
		}
		if n := owned(v, m.Name); name == "" || n < fewest {
			name, fewest = m.Name, n
		}
	}
	return name
}

func owned(v *View, name string) (n int) {
	for i := range v.Groups {
		if v.Groups[i].Owner == name {
			n++
		}
	}
	return n
}

// Wish names the member that a group should be moved to by a planned hand-over, when that has been well for a
// while: the one at its home. Empty: it is where it should be. Ownership is sticky otherwise.
func Wish(v *View, g *Group) (name string) {
	if g.Owner != "" && g.Owner != g.Home && eligible(v.Member(g.Home)) {
		return g.Home
	}
	return ""
}
