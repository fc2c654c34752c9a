package reload

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// keeper is a client with its own keys, which knows the value that each of them must have.
type keeper struct {
	id       int
	c        *harness.Client
	rng      *rand.Rand
	versions map[string]int // 0: it was deleted
	asked    int
}

// The first keys of a keeper are written again and again. The others are written once, so that later writes do not
// hide what happened to them.
const (
	keysEach    = 300
	keysWritten = 150
)

func (k *keeper) key(n int) string { return fmt.Sprintf("k%d-%d", k.id, n) }

func (k *keeper) set(key string) error {
	version := k.asked
	if reply, err := k.c.Try(harness.Set(key, strconv.Itoa(version))); err != nil || reply != "STORED\r\n" {
		return fmt.Errorf("set %s: %q, %v", key, reply, err)
	}
	k.versions[key] = version
	return nil
}

func (k *keeper) delete(key string) error {
	if reply, err := k.c.Try("delete " + key + "\r\n"); err != nil || harness.IsError(reply) {
		return fmt.Errorf("delete %s: %q, %v", key, reply, err)
	}
	k.versions[key] = 0
	return nil
}

// check reads a key.
func (k *keeper) check(key string) error {
	want := "END\r\n"
	if version := k.versions[key]; version > 0 {
		want = harness.Hit(key, strconv.Itoa(version))
	}
	if reply, err := k.c.Try("get " + key + "\r\n"); err != nil || reply != want {
		return fmt.Errorf("get %s: %q, %v; want %q", key, reply, err, want)
	}
	return nil
}

func (k *keeper) checkAll() error {
	for n := range keysEach {
		if err := k.check(k.key(n)); err != nil {
			return err
		}
	}
	return nil
}

// step is one request.
func (k *keeper) step() error {
	k.asked++
	switch k.rng.IntN(10) {
	case 0:
		return k.delete(k.key(k.rng.IntN(keysWritten)))
	case 1, 2, 3:
		return k.set(k.key(k.rng.IntN(keysWritten)))
	}
	return k.check(k.key(k.rng.IntN(keysEach)))
}

// keepers writes all keys of some keepers, and deletes every fifth.
func keepers(t *testing.T, addr string) []*keeper {
	t.Helper()
	all := make([]*keeper, 6)
	for i := range all {
		k := &keeper{
			id: i, c: harness.Dial(t, addr), rng: rand.New(rand.NewPCG(uint64(i), 0)),
			versions: map[string]int{},
		}
		all[i] = k
		for n := range keysEach {
			k.asked++
			err := k.set(k.key(n))
			if err == nil && n%5 == 0 {
				err = k.delete(k.key(n))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// keep is the goroutine of keepers.
func keep(all []*keeper, ended *atomic.Bool, done chan<- error) {
	done <- harness.Together(len(all), func(i int) error {
		for !ended.Load() {
			if err := all[i].step(); err != nil {
				return err
			}
			harness.Breathe()
		}
		return all[i].checkAll()
	})
}

// TestDeadServerIsReplaced kills a server of either role for good. A reload puts another one in its place, all under
// load. The new one has values from an earlier time, also of keys that are deleted now. No client sees an error, an
// old value or a miss, neither then nor when the other copies of the new server are gone.
func TestDeadServerIsReplaced(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"primary", "backup"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			var servers [5]*harness.Memcached
			for i := range servers {
				servers[i] = harness.StartMemcached(t)
			}
			primaries, backups, spare := servers[:2], servers[2:4], servers[4]
			listen := testkit.DeadAddr(t)
			s := start(t, backed(listen, primaries, backups), "--threads", "2")
			all := keepers(t, s.proxy.Addr)
			old := harness.Dial(t, spare.Addr)
			for _, k := range all {
				var sets []string
				for n := range keysEach {
					sets = append(sets, harness.Set(k.key(n), "999999999"))
				}
				old.Pipeline("STORED\r\n", sets...)
			}
			var ended atomic.Bool
			done := make(chan error, 1)
			go keep(all, &ended, done)
			replaced, others := primaries, backups
			if role == "backup" {
				replaced, others = backups, primaries
			}
			replaced[1].Kill()
			harness.AwaitState(t, s.proxy.Addr, replaced[1].Addr, "ejected")
			replaced[1] = spare
			s.reload(backed(listen, primaries, backups))
			s.allUp()
			for _, m := range others {
				m.Kill()
				harness.AwaitState(t, s.proxy.Addr, m.Addr, "ejected")
			}
			ended.Store(true)
			if err := <-done; err != nil {
				t.Error(err)
			}
			if strings.Contains(s.proxy.Log(), "nothing has changed") {
				t.Error("the reload was refused")
			}
		})
	}
}

// TestMistypedNameIsMended starts a pool with backups that has a server with an unknown name, in either role. A reload
// corrects the name. The server gets what was stored in the meantime, and its earlier contents are not read.
func TestMistypedNameIsMended(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"primary", "backup"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			right, other := harness.StartMemcached(t), harness.StartMemcached(t)
			listen := testkit.DeadAddr(t)
			lists := [2][]*harness.Memcached{{right}, {other}}
			if role == "backup" {
				slices.Reverse(lists[:])
			}
			corrected := backed(listen, lists[0], lists[1])
			s := start(t, strings.Replace(corrected, right.Addr, "nosuch.invalid:11211", 1))
			before := harness.Dial(t, right.Addr)
			before.Want(harness.Set("a", "old"), "STORED\r\n")
			before.Want(harness.Set("gone", "old"), "STORED\r\n")
			c := harness.Dial(t, s.proxy.Addr)
			c.Want(harness.Set("a", "new"), "STORED\r\n")
			c.Want(harness.Set("b", "new"), "STORED\r\n")
			s.reload(corrected)
			s.allUp()
			other.Kill()
			harness.AwaitState(t, s.proxy.Addr, other.Addr, "ejected")
			c.Want("get a\r\n", harness.Hit("a", "new"))
			c.Want("get b\r\n", harness.Hit("b", "new"))
			c.Want("get gone\r\n", "END\r\n")
		})
	}
}

// TestReloadThatMightLoseKeys checks that keys do not move while the servers with their copies are down. The log says
// which servers these are, and what can be done. Clients are served as before.
func TestReloadThatMightLoseKeys(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	spare, another := harness.StartMemcached(t), harness.StartMemcached(t)
	listen := testkit.DeadAddr(t)
	s := start(t, backed(listen, []*harness.Memcached{a}, []*harness.Memcached{b}))
	c := harness.Dial(t, s.proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	b.Kill()
	harness.AwaitState(t, s.proxy.Addr, b.Addr, "ejected")
	refused := func(pools string, times int, why string) {
		t.Helper()
		s.write(pools)
		s.proxy.Signal(syscall.SIGUSR1)
		s.await("nothing has changed", times)
		if !strings.Contains(s.proxy.Log(), why) ||
			!strings.Contains(s.proxy.Log(), "or restart magent: that closes the connections of clients") {
			t.Errorf("want %q in the log:\n%s", why, s.proxy.Log())
		}
		c.Want("get a\r\n", harness.Hit("a", "1"))
	}
	refused(backed(listen, []*harness.Memcached{spare}, []*harness.Memcached{b}), 1,
		"keys would move among the primaries, but backup "+b.Addr+
			", which has to answer for them meanwhile, is ejected")
	refused(backed(listen, []*harness.Memcached{spare}, []*harness.Memcached{another}), 2,
		"keys would move among the primaries and among the backups, and those that move among both would be lost")
	if stats := harness.Stats(t, s.proxy.Addr, ""); stats["proxy_config_reloads"] != "0" ||
		stats["proxy_config_reload_fails"] != "2" {
		t.Errorf("%s reloads, %s failed", stats["proxy_config_reloads"], stats["proxy_config_reload_fails"])
	}
	b.Restart()
	harness.AwaitState(t, s.proxy.Addr, b.Addr, "up")
	s.reload(backed(listen, []*harness.Memcached{spare}, []*harness.Memcached{b}))
	s.allUp()
	c.Want("get a\r\n", harness.Hit("a", "1"))
	if n := harness.Stats(t, s.proxy.Addr, "")["proxy_config_reloads"]; n != "1" {
		t.Errorf("%s reloads", n)
	}
}
