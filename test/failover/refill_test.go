package failover

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// item is what a key is expected to hold.
type item struct {
	value string
	flags int
	ttl   int // seconds; -1: none
}

// fillPair stores n keys with values of all sizes, flags and times to live.
func fillPair(c *harness.Client, n int) map[string]item {
	items := map[string]item{}
	for i := range n {
		it := item{strings.Repeat(strconv.Itoa(i%10), 1+i*37%3000), i * 7 % 65536, -1}
		if i%3 == 0 {
			it.ttl = 1000 + i
		}
		if i%10 == 7 {
			it.ttl = 30*24*3600 + 1 + i*1000 // memcached takes a number like this for a point in time
		}
		key := fmt.Sprintf("key%d", i)
		exptime := max(0, it.ttl)
		if it.ttl > 30*24*3600 {
			exptime += int(time.Now().Unix())
		}
		c.Want(fmt.Sprintf("set %s %d %d %d\r\n%s\r\n", key, it.flags, exptime, len(it.value), it.value), "STORED\r\n")
		items[key] = it
	}
	return items
}

// late is by how many seconds the clock of a memcached may lag that has no time.
const late = 30

// compare returns how a server's copy of a key differs. age is how long ago the keys were stored. Without meta
// commands the time to live is not known.
func compare(c *harness.Client, meta harness.Meta, key string, want item, age time.Duration) error {
	if meta != harness.FullMeta {
		hit := fmt.Sprintf("VALUE %s %d %d\r\n%s\r\nEND\r\n", key, want.flags, len(want.value), want.value)
		if got := c.Do("get " + key + "\r\n"); got != hit {
			return fmt.Errorf("%s: %.60q", key, got)
		}
		return nil
	}
	got := c.Do("mg " + key + " v f t\r\n")
	var size, flags, ttl int
	line, value, _ := strings.Cut(got, "\r\n")
	if _, err := fmt.Sscanf(line, "VA %d f%d t%d", &size, &flags, &ttl); err != nil {
		return fmt.Errorf("%s: %.60q", key, got)
	}
	if value != want.value+"\r\n" || flags != want.flags {
		return fmt.Errorf("%s: flags %d and %d bytes, want %d and %d", key, flags, size, want.flags, len(want.value))
	}
	if want.ttl < 0 && ttl != -1 || want.ttl > 0 && (ttl > want.ttl+late || ttl < want.ttl-int(age/time.Second)-late) {
		return fmt.Errorf("%s: %d s are left of %d, after %v", key, ttl, want.ttl, age)
	}
	return nil
}

// TestRestartedEmpty kills a server, which comes back empty. Every key must be a hit, from the first request on. Soon
// the server must hold all of them again, with the same flags and times, although nobody writes them.
func TestRestartedEmpty(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"primary", "backup"} {
		t.Run(which, func(t *testing.T) { restartedEmpty(t, which == "primary") })
	}
}

func restartedEmpty(t *testing.T, primary bool) {
	p := startPair(t)
	server, other := p.backup, p.primary
	if primary {
		server, other = p.primary, p.backup
	}
	c := harness.Dial(t, p.proxy.Addr)
	began := time.Now()
	items := fillPair(c, 200)
	server.Kill()
	c.Want(harness.Set("during", "1"), "STORED\r\n")
	server.Restart()
	if harness.MetaOf(t) == harness.NoMeta {
		notFilled(t, p, server)
		return
	}
	everything := func() {
		t.Helper()
		for key, want := range items {
			if err := compare(c, harness.MetaOf(t), key, want, time.Since(began)); err != nil {
				t.Fatal(err)
			}
		}
	}
	testkit.Until(t, "the server is up", func() bool {
		everything()
		return harness.ServerStat(t, p.proxy.Addr, server.Addr, "state") == "up"
	})
	direct := harness.Dial(t, server.Addr)
	for key, want := range items {
		if err := compare(direct, harness.MetaOf(t), key, want, time.Since(began)); err != nil {
			t.Errorf("on the server that came back: %v", err)
		}
	}
	direct.Want("get during\r\n", harness.Hit("during", "1"))
	// The key that was written in the outage counts as a repair.
	if got := harness.ServerStat(t, p.proxy.Addr, server.Addr, "refills"); got != "200" {
		t.Errorf("%s refills", got)
	}
	other.Kill() // its copy is as good
	everything()
}

// notFilled checks that a server without meta commands cannot be filled. This is reported, and the server is used as
// it is.
func notFilled(t *testing.T, p *pair, server *harness.Memcached) {
	t.Helper()
	awaitState(t, p.proxy, server, "up")
	if why := harness.ServerStat(t, p.proxy.Addr, server.Addr, "not_filled"); !strings.Contains(why,
		"has no meta commands") {
		t.Errorf("not_filled is %q", why)
	}
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("then", "1"), "STORED\r\n")
	harness.Dial(t, server.Addr).Want("get then\r\n", harness.Hit("then", "1"))
}

// TestRestartedEmptyWhileIdle restarts a server while there are no requests. Then every key must be a hit, and every
// command must work.
func TestRestartedEmptyWhileIdle(t *testing.T) {
	p := startPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	began := time.Now()
	items := fillPair(c, 100)
	c.Want(harness.Set("n", "41"), "STORED\r\n")
	p.primary.Restart()
	c.Want("incr n 1\r\n", "42\r\n")
	c.Want("add key1 0 0 1\r\nx\r\n", "NOT_STORED\r\n")
	for key, want := range items {
		if err := compare(c, harness.MetaOf(t), key, want, time.Since(began)); err != nil {
			t.Error(err)
		}
	}
	harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "up")
	p.backup.Kill()
	c.Want("get n\r\n", harness.Hit("n", "42"))
}

// TestSharedBackupRestarted checks that a backup of two primaries gets the keys of both, and that a primary gets only
// its own keys.
func TestSharedBackupRestarted(t *testing.T) {
	t.Parallel()
	s1, s2, b := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, soon("-s", s1.Addr, "-s", s2.Addr, "-b", b.Addr)...)
	c := harness.Dial(t, proxy.Addr)
	const keys = 5000
	for i := range keys {
		c.Want(harness.Set(fmt.Sprintf("key%d", i), "1"), "STORED\r\n")
	}
	poke(c) // awaitState does, and these keys are counted as well
	held := func(m *harness.Memcached) string { return harness.Stats(t, m.Addr, "")["curr_items"] }
	before := held(s1)
	for _, m := range []*harness.Memcached{b, s1} {
		m.Restart()
		c.Want("get key1\r\n", harness.Hit("key1", "1"))
		awaitState(t, proxy, m, "up")
	}
	if got := held(b); got != strconv.Itoa(keys+pokes) {
		t.Errorf("the backup holds %s of %d keys", got, keys+pokes)
	}
	if got := held(s1); got != before {
		t.Errorf("the primary holds %s keys, before its restart it held %s", got, before)
	}
}

// TestRefillRate checks that a server is filled no faster than configured, and that its progress is shown.
func TestRefillRate(t *testing.T) {
	t.Parallel()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, soon("--refill-rate", "100", "-s", primary.Addr, "-b", backup.Addr)...)
	c := harness.Dial(t, proxy.Addr)
	for i := range 2500 {
		c.Want(harness.Set(fmt.Sprintf("key%d", i), "1"), "STORED\r\n")
	}
	began := time.Now() // the proxy may be connected again before Restart returns
	primary.Restart()
	c.Want("get key1\r\n", harness.Hit("key1", "1"))
	harness.AwaitState(t, proxy.Addr, primary.Addr, "warming")
	stats := map[string]bool{}
	testkit.Eventually(t, "the server is up", func() error {
		stats[harness.ServerStat(t, proxy.Addr, primary.Addr, "refill_progress")] = true
		if got := harness.ServerStat(t, proxy.Addr, primary.Addr, "state"); got != "up" {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
	// Those of a second come at once, and again when the proxy stood still.
	if took := time.Since(began); took < 17500*time.Millisecond {
		t.Errorf("2500 keys took %v at 100 a second", took)
	}
	if len(stats) < 3 {
		t.Errorf("its progress was %v", stats)
	}
}
