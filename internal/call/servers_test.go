package call

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"magent/backend/ring"
)

// TestHashKeys compares the servers of keys that are hashed together with those of each key.
func TestHashKeys(t *testing.T) {
	members := []ring.Member{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}, {Name: "c", Weight: 1}}
	for _, name := range []string{"md5", "fnv1a_64"} {
		for _, servers := range []int{1, 3} {
			hash, _ := ring.HashByName(name)
			s := NewServers(Options{
				Hash: hash, HashFour: ring.FourByName(name), Primaries: ring.NewKetama(members[:servers], nil),
			})
			key := func(i int) []byte { return fmt.Appendf(nil, "%d%s", i, bytes.Repeat([]byte{'k'}, 9*i)) }
			keys := make([][]byte, 12)
			for i := range keys {
				keys[i] = key(i)
			}
			hashes := make([]uint32, len(keys))
			allocs := testing.AllocsPerRun(10, func() { s.HashKeys(hashes, func(i int) []byte { return keys[i] }) })
			if allocs > 0 {
				t.Errorf("%s, %d servers: %v allocations", name, servers, allocs)
			}
			for n := range 12 {
				got := slices.Repeat([]uint32{1}, n)
				s.HashKeys(got, key)
				for i, h := range got {
					p, b := s.PairOf(h)
					if wantP, wantB := s.Pair(key(i)); p != wantP || b != wantB {
						t.Errorf("%s, %d servers, key %d of %d: %d %d, want %d %d",
							name, servers, i, n, p, b, wantP, wantB)
					}
					if servers > 1 && h != hash(key(i)) {
						t.Errorf("%s, key %d of %d: hash %#x, want %#x", name, i, n, h, hash(key(i)))
					}
				}
			}
		}
	}
}
