package reload

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// keysStored is the number of keys in a pool. Every tenth of them is deleted.
const keysStored = 500

func list(servers ...*harness.Memcached) []*harness.Memcached { return servers }

// store writes all keys, and deletes every tenth.
func store(t *testing.T, addr, value string) {
	t.Helper()
	c := harness.Dial(t, addr)
	for i := range keysStored {
		c.Want(harness.Set(fmt.Sprint("key", i), value), "STORED\r\n")
		if i%10 == 0 {
			c.Want(fmt.Sprintf("delete key%d\r\n", i), "DELETED\r\n")
		}
	}
}

// used starts a memcached with old values of all keys, and of one that nobody writes.
func used(t *testing.T) *harness.Memcached {
	t.Helper()
	m := harness.StartMemcached(t)
	c := harness.Dial(t, m.Addr)
	var sets []string
	for i := range keysStored {
		sets = append(sets, harness.Set(fmt.Sprint("key", i), "old"))
	}
	c.Pipeline("STORED\r\n", sets...)
	c.Want(harness.Set("never-written", "old"), "STORED\r\n")
	return m
}

// check reads all keys. None may have an old value, or exist although it was deleted. If all must be there, none may
// be missing.
func check(t *testing.T, addr string, all bool) {
	t.Helper()
	c := harness.Dial(t, addr)
	old, revived, missing := 0, 0, 0
	for i := range keysStored {
		key := fmt.Sprint("key", i)
		switch reply := c.Do("get " + key + "\r\n"); {
		case i%10 == 0 && reply != "END\r\n":
			revived++
		case i%10 > 0 && reply == "END\r\n":
			missing++
		case i%10 > 0 && reply != harness.Hit(key, "new"):
			old++
		}
	}
	if old+revived > 0 || all && missing > 0 {
		t.Errorf("of %d keys %d have an old value, %d were deleted and are there, %d are missing", keysStored, old,
			revived, missing)
	}
	c.Want("get never-written\r\n", "END\r\n")
}

// kill kills servers, and waits until the proxy has ejected them.
func kill(t *testing.T, addr string, servers ...*harness.Memcached) {
	t.Helper()
	for _, m := range servers {
		m.Kill()
		harness.AwaitState(t, addr, m.Addr, "ejected")
	}
}

// hang stops a server, which then has old values of all keys.
func hang(t *testing.T, addr string, m *harness.Memcached) {
	t.Helper()
	c := harness.Dial(t, addr)
	for i := range keysStored {
		c.Want(harness.Set(fmt.Sprint("key", i), "old"), "STORED\r\n")
	}
	m.Pause()
	testkit.Eventually(t, m.Addr+" is ejected", func() error {
		c.Want(harness.Set("key1", "new"), "STORED\r\n")
		if state := harness.ServerStat(t, addr, m.Addr, "state"); state != "ejected" {
			return fmt.Errorf("it is %s", state)
		}
		return nil
	})
	store(t, addr, "new")
}

// TestFirstBackups gives a pool its first backups by a reload. They hold old values and keys that were deleted. Before
// they are read, they must have exactly what the primaries have.
func TestFirstBackups(t *testing.T) {
	t.Parallel()
	a, b, c, d := harness.StartMemcached(t), harness.StartMemcached(t), used(t), used(t)
	listen := testkit.DeadAddr(t)
	s := start(t, pool("main", listen, a, b), "--threads", "2")
	store(t, listen, "new")
	s.reload(backed(listen, list(a, b), list(c, d)))
	check(t, listen, true)
	s.allUp()
	kill(t, listen, a, b)
	check(t, listen, true)
}

// TestFirstBackupsAreNotFilled kills the primary while its first backup is being filled. The backup does not have
// everything yet, but nothing old.
func TestFirstBackupsAreNotFilled(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), used(t)
	listen := testkit.DeadAddr(t)
	s := start(t, pool("main", listen, a))
	store(t, listen, "new")
	s.reload(backed(listen, list(a), list(b)) + "  refill_rate: 20\n") // it takes longer than a busy machine to look
	harness.AwaitState(t, listen, b.Addr, "warming")
	kill(t, listen, a)
	harness.AwaitState(t, listen, b.Addr, "up")
	check(t, listen, false)
}

// TestListsChangeInTurn changes both lists of servers. Keys that got a new server in both lists would be lost, so one
// reload that changes both is refused, and two reloads are not. The new servers hold old values.
func TestListsChangeInTurn(t *testing.T) {
	t.Parallel()
	primaries, backups := list(harness.StartMemcached(t), used(t)), list(harness.StartMemcached(t), used(t))
	listen := testkit.DeadAddr(t)
	s := start(t, backed(listen, primaries[:1], backups[:1]))
	store(t, listen, "new")
	s.write(backed(listen, primaries, backups))
	s.proxy.Signal(syscall.SIGUSR1)
	s.await("those that move among both would be lost: change one of the two lists at a time", 1)
	s.reload(backed(listen, primaries, backups[:1]))
	s.allUp()
	s.reload(backed(listen, primaries, backups))
	s.allUp()
	check(t, listen, true)
	kill(t, listen, primaries...)
	check(t, listen, true)
}

// TestRolesAreSwapped turns primaries into backups, and backups into primaries. They already have the keys.
func TestRolesAreSwapped(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	listen := testkit.DeadAddr(t)
	s := start(t, backed(listen, list(a), list(b)))
	store(t, listen, "new")
	s.reload(backed(listen, list(b), list(a)))
	check(t, listen, true)
	s.allUp()
	kill(t, listen, b)
	check(t, listen, true)
}

// TestRolesAreSwappedInAnOutage checks that a server is repaired in its new role as well.
func TestRolesAreSwappedInAnOutage(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	listen := testkit.DeadAddr(t)
	s := start(t, backed(listen, list(a), list(b)))
	hang(t, listen, a)
	s.reload(backed(listen, list(b), list(a)))
	check(t, listen, true)
	a.Resume()
	s.allUp()
	kill(t, listen, b)
	check(t, listen, true)
}

// TestBackupIsPromoted puts a backup in the place of a primary that died. The backup's place is taken by a server with
// old values.
func TestBackupIsPromoted(t *testing.T) {
	t.Parallel()
	a, b, c := harness.StartMemcached(t), harness.StartMemcached(t), used(t)
	listen := testkit.DeadAddr(t)
	s := start(t, backed(listen, list(a), list(b)))
	store(t, listen, "new")
	kill(t, listen, a)
	s.reload(backed(listen, list(b), list(c)))
	check(t, listen, true)
	s.allUp()
	kill(t, listen, b)
	check(t, listen, true)
}

// TestBackupsAreRemoved checks that a primary's values which may be out of date are not read, even if the pool has no
// backups any more.
func TestBackupsAreRemoved(t *testing.T) {
	t.Parallel()
	a, b, c := harness.StartMemcached(t), harness.StartMemcached(t), used(t)
	listen := testkit.DeadAddr(t)
	s := start(t, backed(listen, list(a), list(b)))
	store(t, listen, "new")
	s.reload(backed(listen, list(c), list(b)) + "  refill_rate: 100\n")
	s.reload(pool("main", listen, c) + "  probe_interval: 50\n")
	harness.AwaitState(t, listen, c.Addr, "up")
	check(t, listen, false)
}

// renamed returns a pool with another name.
func renamed(pool, name string) string { return strings.Replace(pool, "main:", name+":", 1) }

// TestPoolIsRenamed checks that it is not forgotten what a server has missed when its pool gets another name, whether
// the process lives on or is then killed. After the repair nothing is recorded any more. A new server of a renamed
// pool gets all keys.
func TestPoolIsRenamed(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed=%v", killed), func(t *testing.T) {
			t.Parallel()
			a, b, c := harness.StartMemcached(t), harness.StartMemcached(t), used(t)
			listen, state := testkit.DeadAddr(t), filepath.Join(t.TempDir(), "state")
			pools := backed(listen, list(a), list(b))
			s := start(t, pools, "--state-dir", state)
			hang(t, listen, a)
			pools = renamed(pools, "second")
			s.reload(pools)
			if killed {
				s.proxy.Kill()
				s = start(t, pools, "--state-dir", state)
			}
			a.Resume()
			s.allUp()
			check(t, listen, true)
			s.proxy.Kill()
			s = start(t, pools, "--state-dir", state)
			if log := s.proxy.Log(); strings.Contains(log, "the journal knows") {
				t.Errorf("what was repaired is still in the journal:\n%s", log)
			}
			s.reload(renamed(backed(listen, list(a), list(c)), "third"))
			s.allUp()
			kill(t, listen, a)
			check(t, listen, true)
		})
	}
}
