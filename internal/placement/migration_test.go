package placement

import (
	"fmt"
	"testing"

	"magent/internal/config"
)

// poolOf returns a pool of servers whose names are single letters.
func poolOf(distribution, hash, servers, backups string) *config.Pool {
	p := &config.Pool{Distribution: distribution, Hash: hash}
	for _, name := range servers {
		p.Servers = append(p.Servers, config.Address{Host: string(name), Port: 1, Weight: 1})
	}
	for _, name := range backups {
		p.Backups = append(p.Backups, config.Address{Host: string(name), Port: 1, Weight: 1})
	}
	return p
}

// Keys move to servers that had no copy of them. The first backups of a pool get all keys.
func TestMigration(t *testing.T) {
	const none = ""
	for name, c := range map[string]struct {
		before, after [2]string // primaries, backups
		hash          string    // the new hash; empty: it stays the same
		gain          string    // the servers to which keys move
	}{
		"nothing changes":                  {[2]string{"ab", "cd"}, [2]string{"ab", "cd"}, "", none},
		"one is added":                     {[2]string{"ab", "cd"}, [2]string{"abe", "cd"}, "", "e"},
		"a backup is added":                {[2]string{"ab", "cd"}, [2]string{"ab", "cde"}, "", "e"},
		"one goes":                         {[2]string{"abe", "cd"}, [2]string{"ab", "cd"}, "", "ab"},
		"both roles get one":               {[2]string{"ab", "cd"}, [2]string{"abe", "cdf"}, "", "ef"},
		"a pair changes roles":             {[2]string{"a", "b"}, [2]string{"b", "a"}, "", none},
		"the backup becomes the primary":   {[2]string{"a", "b"}, [2]string{"b", "c"}, "", "c"},
		"the primary becomes the backup":   {[2]string{"a", "b"}, [2]string{"c", "a"}, "", "c"},
		"all backups change":               {[2]string{"ab", "c"}, [2]string{"ab", "d"}, "", "d"},
		"the backups go":                   {[2]string{"ab", "cd"}, [2]string{"ab", ""}, "", none},
		"the first backup":                 {[2]string{"ab", ""}, [2]string{"ab", "c"}, "", "c"},
		"the first backups":                {[2]string{"ab", ""}, [2]string{"ab", "cd"}, "", "cd"},
		"the first backups, new primaries": {[2]string{"ab", ""}, [2]string{"ae", "b"}, "", "b"},
		"no backups":                       {[2]string{"ab", ""}, [2]string{"abc", ""}, "", none},
		"another hash, one pair":           {[2]string{"a", "b"}, [2]string{"a", "b"}, "crc16", none},
		"another hash, one backup":         {[2]string{"ab", "c"}, [2]string{"ab", "c"}, "crc16", "ab"},
		"another hash":                     {[2]string{"ab", "cd"}, [2]string{"ab", "cd"}, "crc16", "abcd"},
	} {
		for _, distribution := range []string{"ketama", "modula"} {
			if distribution == "modula" &&
				(name == "one is added" || name == "a backup is added" || name == "both roles get one") {
				continue // then keys move everywhere
			}
			before := poolOf(distribution, "md5", c.before[0], c.before[1])
			after := poolOf(distribution, "md5", c.after[0], c.after[1])
			if c.hash != "" {
				after.Hash = c.hash
			}
			checkMigration(t, name+", "+distribution, before, after, c.gain)
		}
	}
}

func checkMigration(t *testing.T, name string, before, after *config.Pool, want string) {
	t.Helper()
	rings, err := New(after)
	if err != nil {
		t.Fatal(err)
	}
	m, err := MigrationOf(before, after, rings)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for i := 0; m != nil && i < len(after.Servers)+len(after.Backups); i++ {
		if m.Gains(i) {
			got += ServerAt(after, i).Host
		}
	}
	if got != want {
		t.Errorf("%s: keys move to %q, want %q", name, got, want)
	}
	if m == nil {
		return
	}
	old, err := New(before)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2000 {
		key := fmt.Append(nil, "key", n)
		had := placesOf(before, old)
		pair := had.pair(old.Hash(key))
		backup := len(after.Servers) + rings.Backups.Pick(rings.Hash(key))
		for _, i := range []int{rings.Primaries.Pick(rings.Hash(key)), backup} {
			address := ServerAt(after, i).String()
			has := pair[0] == address || pair[1] == address
			if m.First {
				has = i < len(after.Servers)
			}
			if !has && !(m.Gains(i) && m.MovedTo(address)(key)) {
				t.Fatalf("%s: %s has no copy of %s, and is taken as it is", name, address, key)
			}
		}
	}
}

// There is no migration without a pool before and after, or between memcached and Redis.
func TestNoMigration(t *testing.T) {
	redis, pair := poolOf("ketama", "md5", "ab", ""), poolOf("ketama", "md5", "a", "b")
	redis.Redis = true
	rings, err := New(pair)
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []*config.Pool{nil, redis} {
		if m, err := MigrationOf(before, pair, rings); m != nil || err != nil {
			t.Errorf("%v: %v, %v", before, m, err)
		}
	}
}
