package placement

import (
	"fmt"
	"testing"

	"magent/internal/config"
)

// Every key belongs to exactly one group, which has it on the servers where the pool has it.
func TestGroups(t *testing.T) {
	for _, distribution := range []string{"ketama", "modula", "magent"} {
		p := fromFile(t, []string{"10.0.0.1:1:1", "10.0.0.2:1:3", "10.0.0.3:1:1"},
			"  distribution: "+distribution+"\n  hash: md5\n  hash_tag: \"{}\"\n  auto_eject_hosts: false\n")
		for i := range 2 {
			p.Backups = append(p.Backups, config.Address{Host: fmt.Sprint("10.0.1.", i), Port: 1, Weight: 1})
		}
		whole, err := New(p)
		if err != nil {
			t.Fatal(err)
		}
		groups, used := Groups(p), map[int]int{}
		if len(groups) != 3 || groups[1].Name != "alpha/"+p.Servers[1].String() || groups[1].Listen != nil {
			t.Fatalf("%s: %+v", distribution, groups)
		}
		for k := range 500 {
			key := fmt.Appendf(nil, "key{%d}%d", k, k/2)
			share := whole.Share(key)
			used[share]++
			for i := range groups {
				g, err := New(&groups[i])
				if err != nil {
					t.Fatal(err)
				}
				if g.Has(key) != (i == share) {
					t.Errorf("%s: group %d has %s: %v, it is of %d", distribution, i, key, g.Has(key), share)
				}
				if i == share && (groups[i].Servers[0] != p.Servers[whole.Primaries.Pick(whole.Hash(key))] ||
					g.Backups.Pick(g.Hash(key)) != whole.Backups.Pick(whole.Hash(key))) {
					t.Errorf("%s: %s has other servers in its group", distribution, key)
				}
			}
		}
		if len(used) != 3 || !whole.Has([]byte("key")) {
			t.Errorf("%s: keys by group: %v", distribution, used)
		}
	}
}

func TestPoolsWithoutGroups(t *testing.T) {
	two := []config.Address{{Host: "a", Port: 1}, {Host: "b", Port: 1}}
	for what, p := range map[string]config.Pool{
		"one primary":            {Distribution: "ketama", Servers: two[:1], Backups: two},
		"Redis":                  {Distribution: "ketama", Servers: two, Redis: true},
		"keys that have no home": {Distribution: config.Random, Servers: two},
		"a server twice":         {Distribution: "ketama", Servers: append(two[:2:2], two[0])},
		"keys that move":         {Distribution: "ketama", Servers: two, AutoEject: true},
	} {
		if groups := Groups(&p); groups != nil {
			t.Errorf("%s: %+v", what, groups)
		}
	}
	if p := (config.Pool{Distribution: "ketama", Servers: two, Backups: two, AutoEject: true}); len(Groups(&p)) != 2 {
		t.Error("with backups no key moves")
	}
}
