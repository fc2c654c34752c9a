package ring

// NewModula makes twemproxy's modula. It sorts the live members by the length of their names and then by bytes, and
// puts each into a row as many times as its weight. A hash modulo the length of the row is the position of its owner.
// libmemcached's modula keeps the given order instead. For live see New.
func NewModula(members []Member, live []bool) *Ring {
	return slots(members, liveByName(members, live), false)
}

// NewMagentModulo makes the default placement of magent 0.5: a hash modulo the number of servers, in the order of the
// command line. It is meant for the hash djb2. magent 0.5 has no weights; here a member counts as many times as its
// weight. It never takes a dead server out, so pass a nil live list to place keys as it does.
func NewMagentModulo(members []Member, live []bool) *Ring {
	return slots(members, liveOrder(members, live), false)
}

// NewRandom makes twemproxy's random: one position per live member, whatever its weight. Pick has to get a new random
// number for each request instead of a hash of the key. For live see New.
func NewRandom(members []Member, live []bool) *Ring {
	return slots(members, liveOrder(members, live), true)
}

// slots makes a ring over the numbers from 0 up to the length of the row. A member owns consecutive numbers, as many
// as its weight, or one if equal.
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
