package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

// TestNothingOldComesBack: a server hangs, keys are changed and deleted meanwhile, it goes on with its old contents.
// From the first request on nobody reads an old value or a deleted key, or misses a new one.
func TestNothingOldComesBack(t *testing.T) {
	t.Parallel()
	for _, each := range []int{50, 5000} {
		for _, which := range []string{"primary", "backup"} {
			t.Run(fmt.Sprint(which, ", ", 4*each, " keys"), func(t *testing.T) { nothingOld(t, which == "primary", each) })
		}
	}
}

func nothingOld(t *testing.T, primary bool, each int) {
	p := startQuickPair(t)
	hung, other := p.backup, p.primary
	if primary {
		hung, other = p.primary, p.backup
	}
	c := harness.Dial(t, p.proxy.Addr)
	key := func(kind string, i int) string { return fmt.Sprintf("%s%d", kind, i) }
	var steps [][2]string
	for i := range each {
		for _, kind := range []string{"set", "delete", "incr", "append", "left"} {
			steps = append(steps, [2]string{harness.Set(key(kind, i), "1"), "STORED\r\n"})
		}
	}
	together(t, c, steps)

	hung.Pause()
	want := map[string]string{} // "": deleted
	steps = nil
	for i := range each {
		steps = append(steps, [][2]string{
			{harness.Set(key("set", i), "2"), "STORED\r\n"},
			{"delete " + key("delete", i) + "\r\n", "DELETED\r\n"},
			{"incr " + key("incr", i) + " 1\r\n", "2\r\n"},
			{"append " + key("append", i) + " 0 0 1\r\n2\r\n", "STORED\r\n"},
		}...)
		want[key("set", i)], want[key("delete", i)], want[key("incr", i)], want[key("append", i)] = "2", "", "2", "12"
	}
	together(t, c, steps)
	hung.Resume()

	check := func(addr string) {
		c := harness.Dial(t, addr)
		defer c.Close()
		var steps [][2]string
		for k, v := range want {
			steps = append(steps, [2]string{"get " + k + "\r\n", hitOrMiss(k, v)})
		}
		together(t, c, steps)
	}
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); {
		check(p.proxy.Addr)
	}
	awaitState(t, p.proxy, hung, "up")
	harness.Eventually(t, "everything is made good", func() error {
		if n := harness.ServerStat(t, p.proxy.Addr, hung.Addr, "dirty_keys"); n != "0" {
			return fmt.Errorf("%s keys are dirty", n)
		}
		return nil
	})
	check(hung.Addr)
	check(p.proxy.Addr)
	steps = nil
	for i := range each { // what was not touched is still on both
		steps = append(steps, [2]string{"get " + key("left", i) + "\r\n", harness.Hit(key("left", i), "1")})
	}
	for _, server := range []*harness.Memcached{hung, other} {
		d := harness.Dial(t, server.Addr)
		together(t, d, steps)
		d.Close()
	}
	other.Kill() // and what the other one knew is not contradicted
	check(p.proxy.Addr)
}

// together sends requests, many at a time, and compares the replies.
func together(t *testing.T, c *harness.Client, steps [][2]string) {
	t.Helper()
	for batch := range slices.Chunk(steps, 200) {
		var line strings.Builder
		for _, step := range batch {
			line.WriteString(step[0])
		}
		c.Send(line.String())
		for _, step := range batch {
			if got := c.Reply(); got != step[1] {
				t.Fatalf("%q: %q, want %q", step[0], got, step[1])
			}
		}
	}
}

// hitOrMiss is the reply to a get of a key with that value; "": deleted.
func hitOrMiss(key, value string) string {
	if value == "" {
		return "END\r\n"
	}
	return harness.Hit(key, value)
}

// TestFlushDuringAnOutage reaches the server that was away.
func TestFlushDuringAnOutage(t *testing.T) {
	t.Parallel()
	p := startQuickPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	p.primary.Pause()
	c.Want("get a\r\n", harness.Hit("a", "1"))
	if got := c.Do("flush_all\r\n"); got != "OK\r\n" {
		t.Errorf("flush_all: %q", got)
	}
	c.Want("get a\r\n", "END\r\n")
	p.primary.Resume()
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		if got := c.Do("get a\r\n"); strings.HasPrefix(got, "VALUE") {
			t.Fatalf("a came back: %q", got)
		}
	}
	awaitState(t, p.proxy, p.primary, "up")
	harness.Dial(t, p.primary.Addr).Want("get a\r\n", "END\r\n")
}
