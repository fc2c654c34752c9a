package ring

import (
	"iter"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// Member is one server of a ring.
type Member struct {
	Name   string // the text that is hashed into the ring, without the weight
	Weight int    // share of the keys, 1 or more; with less the member counts as not live
}

// Ring maps hashes to members. It is immutable: to eject a server, make a new ring with another live list. So it is
// safe for concurrent use.
type Ring struct {
	points  []point  // sorted by value; never empty
	start   []uint32 // start[h>>shift] is a point at or shortly before the owner of h
	shift   uint8
	last    uint32 // value of the last point
	modulus uint32 // hashes are reduced modulo this first; 0: they are not
	members int
}

// point owns the hashes above the value of the point before it, up to and including its own value.
type point struct {
	value uint32
	owner int32 // index of the member, -1 if there is none
}

// newRing makes a ring of points, which are sorted by value. It keeps the slice.
func newRing(points []point, modulus uint32, members int) *Ring {
	if len(points) == 0 {
		points = []point{{value: math.MaxUint32, owner: -1}}
	}
	r := &Ring{points: points, last: points[len(points)-1].value, modulus: modulus, members: members}
	// One to two buckets per point: then the search in Pick skips about half a point.
	r.shift = uint8(max(0, bits.Len32(r.last)-bits.Len(uint(len(points)))))
	r.start = make([]uint32, r.last>>r.shift+1)
	next := 0
	for bucket := range r.start {
		for points[next].value < uint32(bucket)<<r.shift {
			next++
		}
		r.start[bucket] = uint32(next)
	}
	return r
}

// Pick returns the index of the member that owns hash, among the members that the ring was made of. The owner is that
// of the first point with a value of hash or more, else that of the first point. The result is -1 if no member was
// live. It allocates nothing.
func (r *Ring) Pick(hash uint32) int {
	if r.modulus != 0 {
		hash %= r.modulus
	}
	if hash > r.last {
		return int(r.points[0].owner)
	}
	i := r.start[hash>>r.shift]
	for r.points[i].value < hash {
		i++
	}
	return int(r.points[i].owner)
}

// Keyless returns the indexes of the members that own no point, and therefore no key.
func (r *Ring) Keyless() []int {
	owns := make([]bool, r.members)
	for _, p := range r.points {
		if p.owner >= 0 {
			owns[p.owner] = true
		}
	}
	var without []int
	for i, has := range owns {
		if !has {
			without = append(without, i)
		}
	}
	return without
}

// manyHashes limits the hashes that Hashes yields if it cannot know which ones are enough.
const manyHashes = 1 << 20

// Hashes yields hashes for every combination of owners in the rings, some perhaps more than once. Whatever owners the
// rings pick for some hash, they pick for one of these.
func Hashes(rings ...*Ring) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		enough := uint64(1)
		for _, r := range rings {
			for _, p := range r.points {
				if r.modulus == 0 && !yield(p.value) {
					return
				}
			}
			if m := uint64(max(1, r.modulus)); enough <= manyHashes {
				enough *= m / gcd(enough, m) // after that many the remainders repeat
			}
		}
		for hash := range min(enough, manyHashes) {
			if !yield(uint32(hash)) {
				return
			}
		}
		yield(math.MaxUint32) // behind all points
	}
}

func gcd(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// Len returns the number of members that the ring was made of, live or not. Results of Pick are less than that.
func (r *Ring) Len() int {
	return r.members
}

// liveOrder returns the indexes of the live members, in the given order.
func liveOrder(members []Member, live []bool) []int {
	order := make([]int, 0, len(members))
	for i, m := range members {
		if (live == nil || live[i]) && m.Weight >= 1 {
			order = append(order, i)
		}
	}
	return order
}

// liveByName returns the same in twemproxy's order of servers: shorter names first, then by bytes.
func liveByName(members []Member, live []bool) []int {
	order := liveOrder(members, live)
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := members[i].Name, members[j].Name
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return order
}
