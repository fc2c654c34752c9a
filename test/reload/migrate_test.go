package reload

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// backed returns the text of a pool with backups.
func backed(listen string, servers, backups []*harness.Memcached) string {
	text := pool("main", listen, servers...) + "  probe_interval: 50\n  backups:\n"
	for _, m := range backups {
		text += fmt.Sprintf("   - %s:1\n", m.Addr)
	}
	return text
}

// TestFifthServer adds a server to four, under load, and removes it again. Keys move, but hardly any is a miss. None
// has an old value, although the servers still hold what was stored there before.
func TestFifthServer(t *testing.T) {
	t.Parallel()
	var servers []*harness.Memcached
	for range 5 {
		servers = append(servers, harness.StartMemcached(t))
	}
	backups := []*harness.Memcached{harness.StartMemcached(t), harness.StartMemcached(t)}
	listen := testkit.DeadAddr(t)
	four, five := backed(listen, servers[:4], backups), backed(listen, servers, backups)
	s := start(t, four)
	c := harness.Dial(t, s.proxy.Addr)
	const keys = 3000
	write := func(value string) {
		t.Helper()
		var sets []string
		for i := range keys {
			sets = append(sets, harness.Set(fmt.Sprint("key", i), value))
		}
		c.Pipeline("STORED\r\n", sets...)
	}
	write("1")
	value := "1"
	for round, pools := range []string{five, four, five} {
		var ended atomic.Bool
		var hits, misses atomic.Int64
		done := make(chan error, 1)
		var readers []*harness.Client
		for range 4 {
			readers = append(readers, harness.Dial(t, s.proxy.Addr))
		}
		go read(readers, keys, value, &ended, &hits, &misses, done)
		s.reload(pools)
		s.allUp()
		testkit.Until(t, "they read for a while", func() bool { return hits.Load() >= 200 })
		ended.Store(true)
		if err := <-done; err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if h, m := hits.Load(), misses.Load(); m*100 > h {
			t.Errorf("round %d: %d misses and %d hits", round, m, h)
		}
		value = fmt.Sprint(round + 2)
		write(value) // and every tenth key goes
		var deletes []string
		for i := 0; i < keys; i += 10 {
			deletes = append(deletes, fmt.Sprintf("delete key%d\r\n", i))
		}
		c.Pipeline("DELETED\r\n", deletes...)
	}
	for i := range keys {
		want := harness.Hit(fmt.Sprint("key", i), value)
		if i%10 == 0 {
			want = "END\r\n"
		}
		c.Want(fmt.Sprintf("get key%d\r\n", i), want)
	}
}

// allUp waits until all servers are up.
func (s *site) allUp() {
	s.t.Helper()
	testkit.Eventually(s.t, "all servers are up", func() error {
		for name, value := range harness.Stats(s.t, s.proxy.Addr, "servers") {
			if strings.HasSuffix(name, ":state") && value != "up" ||
				strings.HasSuffix(name, ":dirty_keys") && value != "0" {
				return fmt.Errorf("%s is %s", name, value)
			}
		}
		return nil
	})
}

// read is the goroutine of readers. Every tenth key may be there or not.
func read(readers []*harness.Client, keys int, value string, ended *atomic.Bool, hits, misses *atomic.Int64,
	done chan<- error,
) {
	done <- harness.Together(len(readers), func(n int) error {
		for i := n; !ended.Load(); i += 7 {
			harness.Breathe()
			key := fmt.Sprint("key", i%keys)
			switch reply, err := readers[n].Try("get " + key + "\r\n"); {
			case err != nil:
				return err
			case reply == harness.Hit(key, value):
				hits.Add(1)
			case reply == "END\r\n" && i%keys%10 > 0:
				misses.Add(1)
			case reply != "END\r\n":
				return fmt.Errorf("%s: %q, want the value %s", key, reply, value)
			}
		}
		return nil
	})
}
