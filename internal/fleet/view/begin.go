package view

// Found is the first view of a fleet. members are the whole list; those that are to take part have a State other than
// Absent, the others an identity that nobody has, which they replace when they join. after is the last
// epoch that any of them has heard of. first: all of the list are there, and none of them has been in a fleet before.
// Then the servers are taken as they are, as at the first start of a magent without a fleet.
func Found(g Generation, after uint64, members []Member, groups []Group, pools []byte, first bool) View {
	v := View{Version: Version, Generation: g, Epoch: after + 1, Members: members, Groups: groups, Pools: pools}
	v = v.Clone()
	for i := range v.Groups {
		g := &v.Groups[i]
		*g = Group{Name: g.Name, Home: g.Home, Silent: v.Epoch, Settled: first} // nobody knows who decided before
	}
	v.settle()
	return v
}

// Survive is the view of a new generation in which only one member takes part. It follows v and all that may have
// been decided after it; the others are buried. proven: nothing of them runs any more. divided: they may have gone on
// alone before.
func Survive(v View, g Generation, name string, proven, divided bool) View {
	next := v.Clone()
	next.Generation = g
	next.Epoch++
	for i := range next.Members {
		m := &next.Members[i]
		if m.Name != name {
			next.orphan(m, proven)
			m.State, m.Left = Absent, true // no voters: they come back by joining
		}
	}
	next.abandon()
	if divided {
		next.divide()
	}
	next.settle()
	return next
}
