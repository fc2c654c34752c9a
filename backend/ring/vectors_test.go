package ring

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vectorKey is a key of arbitrary bytes.
type vectorKey struct {
	Bytes []byte `json:"b64"`
}

// vectors is testdata/twemproxy.json: where the real nutcracker 0.5.0 puts keys. Servers are numbered in the
// order of its configuration.
type vectors struct {
	Keys        []vectorKey         `json:"keys"`
	KeyHashes   map[string][]uint32 `json:"key_hashes"`
	ServerLists map[string]struct {
		Servers         []string `json:"servers"`
		HashedNames     []string `json:"hashed_names"`
		OrderAfterSort  []int    `json:"order_after_sort"`
		PointsPerServer []int    `json:"ketama_points_per_server"`
		First8          [][2]int `json:"ketama_ring_first8"`
		Last4           [][2]int `json:"ketama_ring_last4"`
		RingLen         int      `json:"ketama_ring_len"`
	} `json:"server_lists"`
	Vectors        map[string]map[string]map[string][]int `json:"vectors"`
	TagKeys        []vectorKey                            `json:"tag_keys"`
	HashTagVectors []struct {
		List         string `json:"list"`
		Hash         string `json:"hash"`
		HashTag      string `json:"hash_tag"`
		Distribution string `json:"distribution"`
		Servers      []int  `json:"servers"`
	} `json:"hash_tag_vectors"`
	EjectedVectors []struct {
		List            string `json:"list"`
		Hash            string `json:"hash"`
		Distribution    string `json:"distribution"`
		Ejected         int    `json:"ejected"`
		PointsPerServer []int  `json:"ketama_points_per_server"`
		Servers         []int  `json:"servers"`
	} `json:"ejected_vectors"`
	RedisBinaryKeys struct {
		Servers []string                    `json:"servers"`
		Keys    [][]byte                    `json:"keys"`
		Vectors map[string]map[string][]int `json:"vectors"`
	} `json:"redis_binary_key_vectors"`
	FloatRounding []struct {
		Servers         []string `json:"servers"`
		Hash            string   `json:"hash"`
		Distribution    string   `json:"distribution"`
		PointsPerServer []int    `json:"points_per_server"`
		Keys            []string `json:"keys"`
		Server          []int    `json:"server"`
	} `json:"float_rounding_vectors"`
}

func loadVectors(t *testing.T) *vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/twemproxy.json")
	if err != nil {
		t.Fatal(err)
	}
	v := new(vectors)
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
	return v
}

// yamlMembers parses "host:port:weight[ name]", twemproxy's form, and names the servers by its rule.
func yamlMembers(t *testing.T, lines []string) []Member {
	t.Helper()
	members := make([]Member, 0, len(lines))
	for _, line := range lines {
		address, name, _ := strings.Cut(line, " ")
		colon := strings.LastIndexByte(address, ':')
		weight, err := strconv.Atoi(address[colon+1:])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if name == "" {
			name = strings.TrimSuffix(address[:colon], ":11211")
		}
		members = append(members, Member{Name: name, Weight: weight})
	}
	return members
}

// without returns the live list of n servers of which one is ejected.
func without(n, ejected int) []bool {
	live := make([]bool, n)
	for i := range live {
		live[i] = i != ejected
	}
	return live
}

func mustRing(t testing.TB, distribution string, members []Member, live []bool) *Ring {
	t.Helper()
	r, err := New(distribution, members, live)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustHash(t testing.TB, name string) HashFunc {
	t.Helper()
	hash, ok := HashByName(name)
	if !ok {
		t.Fatalf("no hash %q", name)
	}
	return hash
}

// checkPlaces compares the ring's choice for each key with twemproxy's, and returns how many it compared.
func checkPlaces(t *testing.T, what string, r *Ring, hash HashFunc, keys [][]byte, want []int) int {
	t.Helper()
	if len(keys) != len(want) {
		t.Fatalf("%s: %d keys, %d places", what, len(keys), len(want))
	}
	for i, key := range keys {
		if got := r.Pick(hash(key)); got != want[i] {
			t.Errorf("%s: key %q went to server %d, twemproxy chose %d", what, key, got, want[i])
		}
	}
	return len(keys)
}

func pointsPerServer(r *Ring) []int {
	counts := make([]int, r.Len())
	for _, p := range r.points {
		if p.owner >= 0 {
			counts[p.owner]++
		}
	}
	return counts
}

func keyBytes(keys []vectorKey) [][]byte {
	all := make([][]byte, len(keys))
	for i, k := range keys {
		all[i] = k.Bytes
	}
	return all
}

func TestTwemproxyHashes(t *testing.T) {
	v := loadVectors(t)
	if len(v.KeyHashes) != 12 {
		t.Fatalf("%d hashes in the vectors", len(v.KeyHashes))
	}
	for name, want := range v.KeyHashes {
		hash := mustHash(t, name)
		if len(want) != len(v.Keys) || len(want) != 130 {
			t.Fatalf("%s: %d keys, %d hashes", name, len(v.Keys), len(want))
		}
		for i, key := range v.Keys {
			if got := hash(key.Bytes); got != want[i] {
				t.Errorf("%s(%q) = %d, want %d", name, key.Bytes, got, want[i])
			}
		}
	}
}

func TestTwemproxyRings(t *testing.T) {
	v := loadVectors(t)
	for list, want := range v.ServerLists {
		members := yamlMembers(t, want.Servers)
		for i, m := range members {
			if m.Name != want.HashedNames[i] {
				t.Fatalf("%s: name %q, want %q", list, m.Name, want.HashedNames[i])
			}
		}
		if got := liveByName(members, nil); !slices.Equal(got, want.OrderAfterSort) {
			t.Errorf("%s: order %v, want %v", list, got, want.OrderAfterSort)
		}
		r := NewKetama(members, nil)
		if got := pointsPerServer(r); !slices.Equal(got, want.PointsPerServer) {
			t.Errorf("%s: points %v, want %v", list, got, want.PointsPerServer)
		}
		if len(r.points) != want.RingLen {
			t.Fatalf("%s: %d points, want %d", list, len(r.points), want.RingLen)
		}
		for i, p := range append(r.points[:8:8], r.points[len(r.points)-4:]...) {
			if ref := append(want.First8[:8:8], want.Last4...)[i]; int(p.value) != ref[0] || int(p.owner) != ref[1] {
				t.Errorf("%s: point %v, want %v", list, p, ref)
			}
		}
	}
}

func TestTwemproxyPlaces(t *testing.T) {
	v := loadVectors(t)
	keys := keyBytes(v.Keys)
	compared := 0
	for list, byDistribution := range v.Vectors {
		members := yamlMembers(t, v.ServerLists[list].Servers)
		for distribution, byHash := range byDistribution {
			r := mustRing(t, distribution, members, nil)
			for hash, want := range byHash {
				compared += checkPlaces(t, list+" "+distribution+" "+hash, r, mustHash(t, hash), keys, want)
			}
		}
	}
	if want := 4 * 2 * 12 * 130; compared != want {
		t.Errorf("compared %d places, want %d", compared, want)
	}
}

func TestTwemproxyEjected(t *testing.T) {
	v := loadVectors(t)
	keys := keyBytes(v.Keys)
	compared := 0
	for _, e := range v.EjectedVectors {
		members := yamlMembers(t, v.ServerLists[e.List].Servers)
		r := mustRing(t, e.Distribution, members, without(len(members), e.Ejected))
		compared += checkPlaces(t, e.List+" ejected "+e.Distribution+" "+e.Hash, r, mustHash(t, e.Hash), keys,
			e.Servers)
		if e.PointsPerServer == nil {
			continue
		}
		if got := pointsPerServer(r); !slices.Equal(got, e.PointsPerServer) {
			t.Errorf("%s without %d: points %v, want %v", e.List, e.Ejected, got, e.PointsPerServer)
		}
	}
	if want := 24 * 130; compared != want {
		t.Errorf("compared %d places, want %d", compared, want)
	}
}

func TestTwemproxyHashTags(t *testing.T) {
	v := loadVectors(t)
	compared := 0
	for _, e := range v.HashTagVectors {
		r := mustRing(t, e.Distribution, yamlMembers(t, v.ServerLists[e.List].Servers), nil)
		keys := make([][]byte, 0, len(v.TagKeys))
		for _, k := range v.TagKeys {
			keys = append(keys, HashTag(k.Bytes, [2]byte([]byte(e.HashTag))))
		}
		compared += checkPlaces(t, e.List+" "+e.HashTag+" "+e.Hash, r, mustHash(t, e.Hash), keys, e.Servers)
	}
	if want := 8 * 36; compared != want {
		t.Errorf("compared %d places, want %d", compared, want)
	}
}

func TestTwemproxyBinaryKeys(t *testing.T) {
	v := loadVectors(t)
	members := yamlMembers(t, v.RedisBinaryKeys.Servers)
	compared := 0
	for distribution, byHash := range v.RedisBinaryKeys.Vectors {
		r := mustRing(t, distribution, members, nil)
		for hash, want := range byHash {
			compared += checkPlaces(t, "redis "+distribution+" "+hash, r, mustHash(t, hash), v.RedisBinaryKeys.Keys,
				want)
		}
	}
	if want := 2 * 12 * 60; compared != want {
		t.Errorf("compared %d places, want %d", compared, want)
	}
}

func TestTwemproxyFloatRounding(t *testing.T) {
	v := loadVectors(t)
	compared := 0
	for _, e := range v.FloatRounding {
		r := mustRing(t, e.Distribution, yamlMembers(t, e.Servers), nil)
		if got := pointsPerServer(r); !slices.Equal(got, e.PointsPerServer) {
			t.Errorf("%d servers: points %v, want %v", len(e.Servers), got, e.PointsPerServer)
		}
		keys := make([][]byte, 0, len(e.Keys))
		for _, k := range e.Keys {
			keys = append(keys, []byte(k))
		}
		compared += checkPlaces(t, strconv.Itoa(len(e.Servers))+" servers "+e.Hash, r, mustHash(t, e.Hash), keys,
			e.Server)
	}
	if want := 4 * 200; compared != want {
		t.Errorf("compared %d places, want %d", compared, want)
	}
}
