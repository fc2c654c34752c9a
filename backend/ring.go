package backend

import (
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// Member is one server as a ring sees it.
type Member struct {
	Name   string // the text that is hashed into the ring; it never contains the weight
	Weight int    // share of the keys, 1 or more; a member of weight 0 or less is treated as not live
}

// Ring says which member owns a hash. It does not change after it was made: to eject a server, make a new one with
// another live list. So it may be read from anywhere.
type Ring struct {
	points  []point  // sorted by value; never empty
	start   []uint32 // start[h>>shift]: a point at or before the owner of h, and near it
	shift   uint8
	last    uint32 // value of the last point
	modulus uint32 // a hash is reduced by it first; 0 if it is used as it is
	members int
}

// point owns the hashes from behind the point before it up to and including its own value.
type point struct {
	value uint32
	owner int32 // index of the member, -1 if there is none
}

// distributions is every way to make a ring under its name in configurations.
var distributions = [...]struct {
	name string
	make func(members []Member, live []bool) *Ring
}{
	{"ketama", NewKetama},
	{"modula", NewModula},
	{"random", NewRandom},
	{"magent", NewMagentModulo},
	{"magent-ketama", NewMagentKetama},
}

// DistributionNames returns the names that NewRing knows, in a slice that the caller owns.
func DistributionNames() []string {
	names := make([]string, 0, len(distributions))
	for _, d := range distributions {
		names = append(names, d.name)
	}
	return names
}

// NewRing makes a ring of the live members by the distribution of that name: ketama, modula, random, magent or magent-ketama.
// live[i] says whether members[i] takes part; nil means that all do. Pick's indexes count all members, live or not.
// It refuses an unknown name, no members, weights below 1 or with a sum over 2^31-1, and a live list of another length.
func NewRing(distribution string, members []Member, live []bool) (*Ring, error) {
	if len(members) == 0 {
		return nil, fmt.Errorf("distribution %q: no servers", distribution)
	}
	if live != nil && len(live) != len(members) {
		return nil, fmt.Errorf("distribution %q: %d servers but %d live flags", distribution, len(members), len(live))
	}
	total := 0
	for _, m := range members {
		if m.Weight < 1 || m.Weight > math.MaxInt32-total {
			return nil, fmt.Errorf("server %q: weight %d is below 1 or takes the sum of weights over %d", m.Name, m.Weight, math.MaxInt32)
		}
		total += m.Weight
	}
	for _, d := range distributions {
		if d.name == distribution {
			return d.make(members, live), nil
		}
	}
	return nil, fmt.Errorf("distribution %q is unknown; write one of %s", distribution, strings.Join(DistributionNames(), ", "))
}

// newRing indexes points, which are sorted by value and kept.
func newRing(points []point, modulus uint32, members int) *Ring {
	if len(points) == 0 {
		points = []point{{value: math.MaxUint32, owner: -1}}
	}
	r := &Ring{points: points, last: points[len(points)-1].value, modulus: modulus, members: members}
	// One to two buckets per point: the scan in Pick then passes about half a point.
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

// Pick returns the index, in the members that the ring was made of, of the owner of hash: that of the first point with a
// value of hash or more, else of the first point. It returns -1 if no member was live. It allocates nothing.
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

// Keyless returns the indexes of the members that own no point, and so no key.
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

// manyHashes bounds the hashes that Hashes yields where it cannot know which are enough.
const manyHashes = 1 << 20

// Hashes yields hashes for each combination of owners that the rings have, some perhaps several times: whatever Pick
// returns on all of them for one hash, it returns for one of these.
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
				enough *= m / gcd(enough, m) // then the remainders repeat
			}
		}
		for hash := range min(enough, manyHashes) {
			if !yield(uint32(hash)) {
				return
			}
		}
		yield(math.MaxUint32) // behind the last points
	}
}

func gcd(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// Len returns the number of members that the ring was made of, live or not: Pick returns less.
func (r *Ring) Len() int {
	return r.members
}

// liveOrder returns the indexes of the members that take part, in the order given.
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
