package ring

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// equalMembers returns n servers of equal weight, named as magent does.
func equalMembers(n int) []Member {
	members := make([]Member, n)
	for i := range members {
		members[i] = Member{Name: fmt.Sprintf("192.168.10.%d-11211", i+1), Weight: 1}
	}
	return members
}

func TestKetamaPointCounts(t *testing.T) {
	// Seen with nutcracker: 156 points for 25, 47 and 50 equal servers. The others follow from float32.
	short := []int{25, 47, 50, 55, 61, 71, 94, 100}
	for n := 1; n <= 100; n++ {
		want := 160
		if slices.Contains(short, n) {
			want = 156
		}
		for i, got := range pointsPerServer(NewKetama(equalMembers(n), nil)) {
			if got != want {
				t.Fatalf("server %d of %d has %d points, want %d", i, n, got, want)
			}
		}
	}
	got := pointsPerServer(NewKetama([]Member{{"a", 1}, {"b", 99}}, nil))
	if want := []int{0, 316}; !slices.Equal(got, want) {
		t.Errorf("weights 1 and 99 give %v points, want %v", got, want)
	}
}

func TestMagentKetamaPointCounts(t *testing.T) {
	for n := 1; n <= 64; n++ {
		want := 2000
		if n == 47 || n == 59 {
			want = 1996
		}
		if got := magentDigests(1/float32(n), float32(n)) * 4; got != want {
			t.Errorf("%d servers: %d points each, want %d", n, got, want)
		}
	}
	for n, want := range map[int]int{2: 2000, 47: 1996} {
		for i, got := range pointsPerServer(NewMagentKetama(equalMembers(n), nil)) {
			if got != want {
				t.Errorf("server %d of %d has %d points, want %d", i, n, got, want)
			}
		}
	}
}

// TestMagentKetamaPlaces has positions of magent 0.5 -k.
func TestMagentKetamaPlaces(t *testing.T) {
	members := []Member{{"192.168.10.12-11211", 1}, {"192.168.10.13-11211", 1}}
	r := mustRing(t, "magent-ketama", members, nil)
	hash := mustHash(t, "md5")
	for key, want := range map[string]int{"key": 1, "stone": 1, "shidl": 0, "key1": 1, "key2": 0} {
		if got := r.Pick(hash([]byte(key))); got != want {
			t.Errorf("%s went to %d, magent chose %d", key, got, want)
		}
	}
}

func TestMagentModuloKeepsOrder(t *testing.T) {
	members := []Member{{"zzz", 1}, {"b", 1}, {"aa", 1}}
	r := mustRing(t, "magent", members, nil)
	hash := mustHash(t, "djb2")
	for key, sum := range map[string]int{
		"key": 193496974, "stone": 274826446, "shidl": 274388345, "key1": 2090432895,
		"key2": 2090432896,
	} {
		if got := r.Pick(hash([]byte(key))); got != sum%3 {
			t.Errorf("%s went to %d, magent chooses %d", key, got, sum%3)
		}
	}
}

func TestSlots(t *testing.T) {
	members := []Member{{"zzz", 2}, {"b", 1}, {"aa", 3}}
	for _, c := range []struct {
		distribution string
		live         []bool
		want         []int
	}{
		{"modula", nil, []int{1, 2, 2, 2, 0, 0}},
		{"modula", []bool{true, true, false}, []int{1, 0, 0}},
		{"magent", nil, []int{0, 0, 1, 2, 2, 2}},
		{"magent", []bool{false, true, true}, []int{1, 2, 2, 2}},
		{"random", nil, []int{0, 1, 2}},
		{"random", []bool{true, false, true}, []int{0, 2}},
	} {
		r := mustRing(t, c.distribution, members, c.live)
		for hash := range uint32(50) {
			if got, want := r.Pick(hash), c.want[int(hash)%len(c.want)]; got != want {
				t.Errorf("%s %v: hash %d went to %d, want %d", c.distribution, c.live, hash, got, want)
			}
		}
	}
}

// TestSlotsOfHugeWeights: hundreds of millions of slots cost no memory, and the last one is found.
func TestSlotsOfHugeWeights(t *testing.T) {
	members := []Member{{"a", 1}, {"b", math.MaxInt32 - 2}, {"c", 1}}
	r := mustRing(t, "modula", members, nil)
	for hash, want := range map[uint32]int{
		0: 0, 1: 1, math.MaxInt32 - 2: 1, math.MaxInt32 - 1: 2, math.MaxInt32: 0,
		math.MaxUint32: 1,
	} {
		if got := r.Pick(hash); got != want {
			t.Errorf("hash %d went to %d, want %d", hash, got, want)
		}
	}
}

func TestRingOfOneAndOfNone(t *testing.T) {
	hashes := []uint32{0, 1, 1 << 31, math.MaxUint32}
	for _, distribution := range DistributionNames() {
		one := mustRing(t, distribution, []Member{{"a", 7}}, nil)
		last := mustRing(t, distribution, []Member{{"a", 1}, {"b", 1}, {"c", 9}}, []bool{false, true, false})
		none := mustRing(t, distribution, []Member{{"a", 1}, {"b", 1}}, []bool{false, false})
		for _, h := range hashes {
			if got := one.Pick(h); got != 0 {
				t.Errorf("%s: one server: picked %d", distribution, got)
			}
			if got := last.Pick(h); got != 1 {
				t.Errorf("%s: one live server, 1: picked %d", distribution, got)
			}
			if got := none.Pick(h); got != -1 {
				t.Errorf("%s: no live server: picked %d", distribution, got)
			}
		}
		if one.Len() != 1 || last.Len() != 3 || none.Len() != 2 {
			t.Errorf("%s: lengths %d %d %d, want 1 3 2", distribution, one.Len(), last.Len(), none.Len())
		}
	}
}

func TestNonPositiveWeightIsNotLive(t *testing.T) {
	for name, r := range map[string]*Ring{
		"ketama": NewKetama([]Member{{"a", 0}, {"b", 1}, {"c", -5}}, nil),
		"modula": NewModula([]Member{{"a", 0}, {"b", 1}, {"c", -5}}, nil),
		"random": NewRandom([]Member{{"a", 0}, {"b", 1}, {"c", -5}}, nil),
	} {
		for hash := range uint32(9) {
			if got := r.Pick(hash * 400_000_000); got != 1 {
				t.Errorf("%s: picked %d", name, got)
			}
		}
	}
}

func TestNewErrors(t *testing.T) {
	two := []Member{{"a", 1}, {"b", 1}}
	for _, c := range []struct {
		distribution string
		members      []Member
		live         []bool
		want         string
	}{
		{
			"Ketama", two, nil,
			`distribution "Ketama" is unknown; write one of ketama, modula, random, magent, magent-ketama`,
		},
		{"ketama", nil, nil, `distribution "ketama": no servers`},
		{"ketama", two, []bool{true}, `distribution "ketama": 2 servers but 1 live flags`},
		{
			"ketama",
			[]Member{{"a", 1}, {"b", 0}},
			nil,
			`server "b": weight 0 is below 1 or takes the sum of weights over 2147483647`,
		},
		{
			"modula",
			[]Member{{"a", 1}, {"b", math.MaxInt32}},
			nil,
			`server "b": weight 2147483647 is below 1 or takes the sum of weights over 2147483647`,
		},
	} {
		_, err := New(c.distribution, c.members, c.live)
		if err == nil || err.Error() != c.want {
			t.Errorf("New(%q, %v): %v, want %s", c.distribution, c.members, err, c.want)
		}
	}
}

// scan is Pick without the index: the first point at or behind the hash.
func scan(points []point, hash uint32) int {
	for _, p := range points {
		if p.value >= hash {
			return int(p.owner)
		}
	}
	return int(points[0].owner)
}

func TestPickFindsTheFirstPointAtOrBehind(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		values := make([]uint32, 1+rng.IntN(40))
		for i := range values {
			values[i] = rng.Uint32() >> rng.IntN(32)
			if i > 0 && rng.IntN(8) == 0 {
				values[i] = values[i-1]
			}
		}
		if round%10 == 0 {
			values[0] = math.MaxUint32
		}
		slices.Sort(values)
		points := make([]point, len(values))
		for i, v := range values {
			points[i] = point{value: v, owner: int32(i)}
		}
		r := newRing(points, 0, len(points))
		hashes := []uint32{0, 1, 1 << 31, math.MaxUint32}
		for _, v := range values {
			hashes = append(hashes, v-1, v, v+1, rng.Uint32(), rng.Uint32()>>rng.IntN(32))
		}
		for _, h := range hashes {
			if got, want := r.Pick(h), scan(points, h); got != want {
				t.Fatalf("round %d: hash %d went to point %d, want %d of %v", round, h, got, want, values)
			}
		}
	}
}

// TestIndexIsTight: the index leads to the first point that a bucket's hashes can have, and there are enough
// buckets for short searches.
func TestIndexIsTight(t *testing.T) {
	for _, distribution := range DistributionNames() {
		r := mustRing(t, distribution, equalMembers(12), nil)
		if len(r.start) < len(r.points) || len(r.start) > 4*len(r.points) {
			t.Errorf("%s: %d buckets for %d points", distribution, len(r.start), len(r.points))
		}
		for bucket, i := range r.start {
			least := uint32(bucket) << r.shift
			if r.points[i].value < least || i > 0 && r.points[i-1].value >= least {
				t.Fatalf("%s: bucket %d begins at point %d", distribution, bucket, i)
			}
		}
	}
}

// TestEqualPointsGoToTheFirstByName: of two members with equal points, the one that sorts first owns them. If it is
// dead, the other one does. Equal names make equal points.
func TestEqualPointsGoToTheFirstByName(t *testing.T) {
	members := []Member{{"same", 1}, {"longer", 1}, {"same", 1}}
	all, rest := NewKetama(members, nil), NewKetama(members, []bool{false, true, true})
	for i := range uint32(1000) {
		if got := all.Pick(i * 4294967); got == 2 {
			t.Fatalf("hash %d went to the second of two equals", i*4294967)
		}
		if got := rest.Pick(i * 4294967); got == 0 {
			t.Fatalf("hash %d went to a dead server", i*4294967)
		}
	}
}

// TestEjectionMovesOnlyTheKeysOfTheDead: a key whose server is alive stays there, except for a few that rounding
// moves. No key goes to the dead server.
func TestEjectionMovesOnlyTheKeysOfTheDead(t *testing.T) {
	members := equalMembers(10)
	hash := mustHash(t, "md5")
	before, after := NewKetama(members, nil), NewKetama(members, without(10, 3))
	for i := range 3000 {
		h := hash(fmt.Appendf(nil, "user:%d", i))
		was, is := before.Pick(h), after.Pick(h)
		if is == 3 || was != 3 && is != was {
			t.Fatalf("user:%d moved from %d to %d", i, was, is)
		}
	}
}

func TestRandomReachesAllAndOnlyLive(t *testing.T) {
	members := []Member{{"a", 1}, {"b", 1000}, {"c", 1}, {"d", 1}}
	r := NewRandom(members, without(4, 2))
	rng := rand.New(rand.NewPCG(3, 4))
	counts := make([]int, 4)
	for range 3000 {
		counts[r.Pick(rng.Uint32())]++
	}
	if counts[2] != 0 || slices.Min([]int{counts[0], counts[1], counts[3]}) < 800 {
		t.Errorf("picks are %v, want a third each but for the third server", counts)
	}
}

func TestPickDoesNotAllocate(t *testing.T) {
	key := []byte("user:123456789012345")
	for _, distribution := range DistributionNames() {
		r := mustRing(t, distribution, equalMembers(12), nil)
		for _, name := range HashNames() {
			hash := mustHash(t, name)
			if n := testing.AllocsPerRun(100, func() { r.Pick(hash(key)) }); n != 0 {
				t.Errorf("%s with %s allocates %v times", distribution, name, n)
			}
		}
	}
}

// TestHashes: Hashes has every pair of owners that some hash has.
func TestHashes(t *testing.T) {
	members := []Member{{"a:1", 1}, {"b:1", 2}, {"c:1", 1}, {"d:1", 3}}
	for _, distribution := range []string{"ketama", "modula", "magent", "magent-ketama"} {
		for _, n := range [][2]int{{1, 1}, {2, 3}, {4, 3}, {4, 4}} {
			a, _ := New(distribution, members[:n[0]], nil)
			b, _ := New(distribution, members[:n[1]], nil)
			found := map[[2]int]bool{}
			for h := range Hashes(a, b) {
				found[[2]int{a.Pick(h), b.Pick(h)}] = true
			}
			seen := map[[2]int]bool{}
			for range 200_000 {
				h := rand.Uint32()
				seen[[2]int{a.Pick(h), b.Pick(h)}] = true
			}
			for pair := range seen {
				if !found[pair] {
					t.Errorf("%s, %d and %d members: %v is missing", distribution, n[0], n[1], pair)
				}
			}
			for pair := range found {
				if distribution != "ketama" && distribution != "magent-ketama" && !seen[pair] {
					t.Errorf("%s, %d and %d members: nothing has %v", distribution, n[0], n[1], pair)
				}
				if n[0] == n[1] && pair[0] != pair[1] {
					t.Errorf("%s: a ring differs from itself: %v", distribution, pair)
				}
			}
		}
	}
}
