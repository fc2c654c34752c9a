package placement

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"magent/backend/ring"
	"magent/internal/config"
)

// vectors are the servers that twemproxy chose for some keys. Package backend tests its rings with all of them.
type vectors struct {
	Keys        []vectorKey
	TagKeys     []vectorKey `json:"tag_keys"`
	ServerLists map[string]struct {
		Servers []string
	} `json:"server_lists"`
	Vectors map[string]map[string]map[string][]int // by list, distribution, hash
	Tags    []struct {
		List, Hash, Distribution string
		HashTag                  string `json:"hash_tag"`
		Servers                  []int
	} `json:"hash_tag_vectors"`
}

type vectorKey struct {
	Bytes []byte `json:"b64"`
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("../../backend/ring/testdata/twemproxy.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fromFile returns a pool as it is read from a file.
func fromFile(t *testing.T, servers []string, keys string) *config.Pool {
	t.Helper()
	text := "alpha:\n  listen: 127.0.0.1:22121\n" + keys + "  servers:\n   - " +
		strings.Join(servers, "\n   - ") + "\n"
	names := config.Names{Hashes: ring.HashNames(), Distributions: ring.DistributionNames(), Keyless: Keyless}
	pools, _, err := config.LoadText("pools.yml", []byte(text), names)
	if err != nil {
		t.Fatal(err)
	}
	return &pools[0]
}

// A pool from a file has its keys on the same servers as twemproxy with that file.
func TestPlacesOfAFile(t *testing.T) {
	v := readVectors(t)
	compared := 0
	for list, byDistribution := range v.Vectors {
		for distribution, byHash := range byDistribution {
			for hash, want := range byHash {
				p := fromFile(t, v.ServerLists[list].Servers,
					fmt.Sprintf("  hash: %s\n  distribution: %s\n", hash, distribution))
				compared += checkPlaces(t, p, v.Keys, want)
			}
		}
	}
	if want := 4 * 2 * 12 * 130; compared != want {
		t.Errorf("compared %d places, want %d", compared, want)
	}
}

func TestHashTagsOfAFile(t *testing.T) {
	v := readVectors(t)
	compared := 0
	for _, e := range v.Tags {
		p := fromFile(t, v.ServerLists[e.List].Servers,
			fmt.Sprintf("  hash: %s\n  distribution: %s\n  hash_tag: %q\n", e.Hash, e.Distribution, e.HashTag))
		compared += checkPlaces(t, p, v.TagKeys, e.Servers)
	}
	if want := 8 * 36; compared != want {
		t.Errorf("compared %d places, want %d", compared, want)
	}
}

func checkPlaces(t *testing.T, p *config.Pool, keys []vectorKey, want []int) int {
	t.Helper()
	r, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		if got := r.Primaries.Pick(r.Hash(key.Bytes)); got != want[i] {
			t.Errorf("%s %s %q: %q is on %d, want %d", p.Distribution, p.Hash, p.HashTag, key.Bytes, got, want[i])
		}
	}
	return len(keys)
}

func TestKeyless(t *testing.T) {
	servers := fromFile(t, []string{"10.0.0.1:1:1", "10.0.0.2:1:200", "10.0.0.3:1:1"}, "").Servers
	if got := fmt.Sprint(Keyless("ketama", servers), Keyless("modula", servers)); got != "[0 2] []" {
		t.Errorf("got %s", got)
	}
}

// The distribution random uses every server for each key.
func TestRandomPlaces(t *testing.T) {
	p := fromFile(t, []string{"10.0.0.1:1:1", "10.0.0.2:1:99", "10.0.0.3:1:1"},
		"  distribution: random\n  hash_tag: \"{}\"\n")
	r, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	count := make([]int, 3)
	for range 3000 {
		count[r.Primaries.Pick(r.Hash([]byte("{a}")))]++
	}
	for i, n := range count {
		if n < 800 || n > 1200 {
			t.Errorf("server %d was asked %d times of 3000", i, n)
		}
	}
}
