package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestDelayedFlushOnBothCopies: the two copies carry a flush_all with a delay out between the same two writes. So what
// one of them has is on the other one, too.
func TestDelayedFlushOnBothCopies(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("first", "1"), "STORED\r\n")
	c.Want("flush_all 1\r\n", "OK\r\n")
	const after = 2000 // keys that are set afterwards
	const offset = 62  // memcached counts from so many seconds before its start
	keys, last := []string{"first"}, 0
	testkit.Until(t, "it is flushed", func() bool {
		for range 50 {
			key := fmt.Sprint("key", len(keys))
			c.Want(harness.Set(key, "1"), "STORED\r\n")
			keys = append(keys, key)
		}
		if last == 0 && c.Do("get first\r\n") == "END\r\n" {
			last = len(keys) + after
		}
		return last > 0 && len(keys) > last
	})
	held := func(m *harness.Memcached) (held []string) {
		d := harness.Dial(t, m.Addr)
		for some := range slices.Chunk(keys, 50) {
			for _, line := range strings.Split(d.Do("get "+strings.Join(some, " ")+"\r\n"), "\r\n") {
				if key, found := strings.CutPrefix(line, "VALUE "); found {
					held = append(held, key)
				}
			}
		}
		return held
	}
	primary, backup := held(p.primary), held(p.backup)
	if !slices.Equal(primary, backup) || len(primary) < after || len(primary) == len(keys) {
		t.Errorf("of %d keys the primary has %d, and the backup %d", len(keys), len(primary), len(backup))
	}
	for _, m := range []*harness.Memcached{p.primary, p.backup} {
		var at, now int
		_, err := fmt.Sscan(harness.Stats(t, m.Addr, "settings")["oldest"], &at)
		if err == nil {
			_, err = fmt.Sscan(harness.Stats(t, m.Addr, "")["uptime"], &now)
		}
		if err != nil || at > now+offset {
			t.Errorf("%s will flush itself at %d, and it is %d (%v)", m.Addr, at, now, err)
		}
	}
}

// TestDelayedFlushAfterRestarts: neither magent nor the primary runs on until a flush_all takes effect. The next
// magent fills the primary, and carries the flush_all out on both.
func TestDelayedFlushAfterRestarts(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(*harness.Magent){
		"killed": func(m *harness.Magent) { m.Kill() },
		"ended":  func(m *harness.Magent) { m.Terminate() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}
			dir := t.TempDir()
			p.again(t, dir)
			c := harness.Dial(t, p.proxy.Addr)
			c.Want(harness.Set("old", "1"), "STORED\r\n")
			c.Want("flush_all 3\r\n", "OK\r\n")
			down(p.proxy)
			p.primary.Restart()
			p.again(t, dir, "--threads", "2")
			c = harness.Dial(t, p.proxy.Addr)
			awaitServed(t, c, "old")
			testkit.Until(t, "it is flushed", func() bool { return c.Do("get old\r\n") == "END\r\n" })
			c.Want(harness.Set("new", "1"), "STORED\r\n")
			harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "up")
			for _, m := range []*harness.Memcached{p.primary, p.backup} { // on one of them it may still be under way
				d := harness.Dial(t, m.Addr)
				testkit.Until(t, "it is flushed there", func() bool { return d.Do("get old\r\n") == "END\r\n" })
				testkit.Until(t, "it has the new value", func() bool {
					return d.Do("get new\r\n") == harness.Hit("new", "1")
				})
			}
		})
	}
}
