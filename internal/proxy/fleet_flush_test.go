package proxy

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/testkit"
)

// flushedAt returns the time up to which items count no more in a memcached, by its own clock: seconds since shortly
// before its start. After a flush_all with a delay this is a time to come.
func (f *fleetRig) flushedAt(a config.Address) (at int) {
	f.t.Helper()
	c := newClient(f.t, testkit.Dial(f.t, "tcp", a.String()))
	defer c.c.Close()
	c.say("stats settings\r\n")
	found := false
	for {
		line := c.line()
		if line == "END\r\n" {
			break
		}
		if rest, ok := strings.CutPrefix(line, "STAT oldest "); ok {
			_, err := fmt.Sscan(rest, &at)
			found = err == nil
		}
	}
	if !found {
		f.t.Fatal("memcached does not say what it has flushed")
	}
	return at
}

// emptied starts the backup anew, without its contents, and waits until it has them again.
func (f *fleetRig) emptied(key, value string) {
	f.t.Helper()
	f.servers[1].Kill()
	f.servers[1] = memcachedAt(f.t, f.pool.Backups[0].Port)
	f.holds(f.pool.Backups[0], key, value)
}

// another kills the owner, and returns when another member decides and the dead one is back.
func (f *fleetRig) another(key string) {
	f.t.Helper()
	dead := f.owner()
	f.kill(dead)
	f.set(key, "v")
	f.start(dead)
	testkit.Until(f.t, "it has joined", func() bool {
		for _, m := range f.svcs[f.owner()].fleet().Members {
			if m.State != "alive" {
				return false
			}
		}
		return true
	})
}

// TestFleetDelayedFlush: a flush_all that is still to take effect is known to the owners that follow, also to one that
// has joined since. It is repeated to a server that has forgotten it. One that was replaced is not.
func TestFleetDelayedFlush(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	const later, soon = 100_000, 90_000 // however long this takes
	backup := f.pool.Backups[0]
	f.set("k0", "v")
	f.holds(backup, "k0", "v")
	if got := f.ask(1, fmt.Sprintf("flush_all %d\r\n", later)); got != "OK\r\n" {
		t.Fatalf("%q", got)
	}
	for _, key := range []string{"k1", "k2"} {
		f.another(key)
		f.emptied(key, "v")
		if at := f.flushedAt(backup); at < soon {
			t.Errorf("%s: the backup is to be flushed at %d", key, at)
		}
	}
	if got := f.ask(1, "flush_all\r\n"); got != "OK\r\n" {
		t.Fatalf("%q", got)
	}
	f.another("k3")
	f.emptied("k3", "v")
	if at := f.flushedAt(backup); at >= soon {
		t.Errorf("the backup is to be flushed at %d, by a flush_all that was replaced", at)
	}
}
