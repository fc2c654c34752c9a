package reload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestFleetDrains: drained: in the files of all members takes a primary out of use, while clients of all of them write
// and read. When it is undrained it gets what it missed before it is read.
func TestFleetDrains(t *testing.T) {
	t.Parallel()
	a, b, c := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	file := drainable(a, b, c)
	sites := startFleet(t, 3, func(listen string) string { return file(listen, "") })
	var ended atomic.Bool
	var asked atomic.Int64
	done := make(chan error, len(sites))
	for i, s := range sites {
		go work(fmt.Sprint("m", i, "-"), []client{s.visitor()}, &ended, &asked, done)
	}
	write := func(round string) {
		for i, s := range sites {
			v := s.visitor()
			for n := range 30 {
				v.want(harness.Set(fmt.Sprintf("own-%d-%d", i, n), round), "STORED\r\n")
			}
		}
	}
	write("before")
	// A fleet whose members do not start at once compares the copies first, and nothing takes the place of one that
	// is drained meanwhile.
	testkit.Eventually(t, "the backup has all keys", func() error { return complete(sites, a.Addr, c.Addr) })
	for _, s := range sites {
		s.reload(file(s.proxy.Addr, "  drained:\n   - "+a.Addr+"\n"))
	}
	testkit.Eventually(t, "its owner has it drained", func() error { return states(sites, a.Addr, "primary drained") })
	testkit.Eventually(t, "nobody is connected to the drained server", func() error {
		if n := harness.Stats(t, a.Addr, "")["curr_connections"]; n != "1" { // this one
			return fmt.Errorf("%s connections", n)
		}
		return nil
	})
	write("meanwhile")
	before := asked.Load()
	testkit.Until(t, "requests go on", func() bool { return asked.Load() > before+100 || len(done) > 0 })
	for _, s := range sites {
		s.reload(file(s.proxy.Addr, ""))
	}
	testkit.Eventually(t, "its owner has it up and complete", func() error {
		return states(sites, a.Addr, "primary up", "dirty_keys", "0")
	})
	ended.Store(true)
	for range sites {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for i, s := range sites {
		v := s.visitor()
		for n := range 30 {
			k := fmt.Sprintf("own-%d-%d", i, n)
			v.want("get "+k+"\r\n", harness.Hit(k, "meanwhile"))
		}
	}
	direct := harness.Dial(t, a.Addr)
	testkit.Eventually(t, "the server that was drained has its keys", func() error { // copied later if a member lapsed
		found := 0
		for i := range sites {
			for n := range 30 {
				k := fmt.Sprintf("own-%d-%d", i, n)
				switch got := direct.Do("get " + k + "\r\n"); got {
				case harness.Hit(k, "meanwhile"):
					found++
				case "END\r\n": // of the other primary
				default:
					t.Fatalf("%s on the server that was drained is not what was written meanwhile: %q", k, got)
				}
			}
		}
		if found == 0 {
			return errors.New("it has none")
		}
		return nil
	})
}

// drainable returns what makes the file of a member: two primaries and their backup, and more of the pool.
func drainable(a, b, c *harness.Memcached) func(listen, more string) string {
	return func(listen, more string) string {
		named := strings.NewReplacer(a.Addr+":1\n", a.Addr+":1 first\n", b.Addr+":1\n", b.Addr+":1 second\n")
		text := named.Replace(calm(pool("main", listen, a, b))) // so ports do not decide where keys are
		return text + fmt.Sprintf("  backups:\n   - %s:1\n%s", c.Addr, more)
	}
}

// TestFleetDrainsAndLosesOwner: the member that has applied drained: is killed. The next owner has no other copy to
// compare the backup with. It goes on with what is there: no key is lost.
func TestFleetDrainsAndLosesOwner(t *testing.T) {
	t.Parallel()
	a, b, c := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	file := drainable(a, b, c)
	sites := startFleet(t, 3, func(listen string) string { return file(listen, "") })
	v := sites[2].visitor()
	for n := range 30 {
		v.want(harness.Set(fmt.Sprintf("%d-own", n), "kept"), "STORED\r\n")
	}
	testkit.Eventually(t, "the backup has all keys", func() error { return complete(sites, a.Addr, c.Addr) })
	for _, s := range sites {
		s.reload(file(s.proxy.Addr, "  drained:\n   - "+a.Addr+"\n"))
	}
	owner := 0
	testkit.Eventually(t, "its owner has it drained", func() (err error) {
		for owner = range sites {
			if err = states(sites[owner:owner+1], a.Addr, "primary drained"); err == nil {
				return nil
			}
		}
		return err
	})
	sites[owner].proxy.Kill()
	left := slices.Delete(slices.Clone(sites), owner, owner+1)
	testkit.Eventually(t, "the next owner has it drained", func() error {
		return states(left, a.Addr, "primary drained")
	})
	for n := range 30 {
		key := fmt.Sprintf("%d-own", n)
		testkit.Eventually(t, "there is an answer for "+key, func() error {
			reply, err := harness.Dial(t, left[1].proxy.Addr).Try("get " + key + "\r\n")
			if err != nil || strings.HasPrefix(reply, "SERVER_ERROR") {
				return fmt.Errorf("%q, %w", reply, err)
			}
			if reply != harness.Hit(key, "kept") {
				t.Errorf("%s: %q", key, reply)
			}
			return nil
		})
	}
}

// complete returns an error unless the owner of a primary's keys has their backup up, with all of them.
func complete(sites []*site, primary, backup string) error {
	for _, s := range sites {
		known := harness.Stats(s.t, s.proxy.Addr, "servers")
		if fieldOf(known, primary, "role") != "primary" {
			continue
		}
		is := fieldOf(known, backup, "state") + ", dirty_keys " + fieldOf(known, backup, "dirty_keys") +
			", not_filled " + fieldOf(known, backup, "not_filled")
		if is != "up, dirty_keys 0, not_filled " {
			return errors.New(is)
		}
		return nil
	}
	return fmt.Errorf("nobody decides for the keys of %s", primary)
}

// states returns an error unless a member has a server in a role and state, and its other fields have these values.
func states(sites []*site, server, want string, more ...string) error {
	var known []string
	for _, s := range sites {
		all := harness.Stats(s.t, s.proxy.Addr, "servers")
		is := fieldOf(all, server, "role") + " " + fieldOf(all, server, "state")
		for i := 0; i < len(more); i += 2 {
			if got := fieldOf(all, server, more[i]); got != more[i+1] {
				is += ", " + more[i] + " " + got
			}
		}
		known = append(known, is)
	}
	if !slices.Contains(known, want) {
		return fmt.Errorf("%q", known)
	}
	return nil
}

// fieldOf returns what `stats servers` has said of a server; empty: nothing. A member lists the servers of those keys
// alone that it decides for, and that may just change.
func fieldOf(stats map[string]string, server, field string) string {
	for name, value := range stats {
		prefix, ok := strings.CutSuffix(name, ":address")
		if ok && strings.HasPrefix(name, "server:") && value == server {
			return stats[prefix+":"+field]
		}
	}
	return ""
}
