package backend

// NewModula makes twemproxy's modula: the live members, sorted by length of name and then by its bytes, stand in a row,
// each as many times as its weight, and a hash modulo the length of the row is the place of its owner.
// libmemcached's modula keeps the order given instead. See NewRing for live.
func NewModula(members []Member, live []bool) *Ring {
	return slots(members, liveByName(members, live), false)
}

// NewMagentModulo makes the default placement of magent 0.5, to be used with the hash djb2: the hash modulo the number
// of servers, in the order of the command line. magent has no weights; here a member counts as many times as its weight.
// magent never takes a dead server out either: pass a nil live list to place keys as it does.
func NewMagentModulo(members []Member, live []bool) *Ring {
	return slots(members, liveOrder(members, live), false)
}

// NewRandom makes twemproxy's random: one place per live member, weights ignored. The hash given to Pick is to be a
// random number, new for each request, and not one made from the key. See NewRing for live.
func NewRandom(members []Member, live []bool) *Ring {
	return slots(members, liveOrder(members, live), true)
}

// slots makes a ring over the numbers from 0 to the length of the row: a member owns a run of them.
func slots(members []Member, order []int, equal bool) *Ring {
	points := make([]point, 0, len(order))
	end := uint32(0)
	for _, i := range order {
		if equal {
			end++
		} else {
			end += uint32(members[i].Weight)
		}
		points = append(points, point{value: end - 1, owner: int32(i)})
	}
	return newRing(points, end, len(members))
}
