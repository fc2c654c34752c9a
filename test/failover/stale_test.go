package failover

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestNothingOldComesBack makes a server hang while keys are changed and deleted. When it goes on with its old
// contents, nobody may read an old value or a deleted key, or miss a new one, from the first request on.
func TestNothingOldComesBack(t *testing.T) {
	t.Parallel()
	for _, each := range []int{50, 5000} {
		for _, which := range []string{"primary", "backup"} {
			t.Run(fmt.Sprint(which, ", ", 4*each, " keys"), func(t *testing.T) {
				t.Parallel()
				nothingOld(t, which == "primary", each)
			})
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
	var steps [][]string
	for i := range each {
		for _, kind := range []string{"set", "delete", "incr", "append", "left"} {
			steps = append(steps, []string{harness.Set(key(kind, i), "1"), "STORED\r\n"})
		}
	}
	together(t, c, steps)

	hung.Pause()
	want := map[string]string{} // "": deleted
	steps = nil
	for i := range each {
		steps = append(steps, [][]string{
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
		var steps [][]string
		for k, v := range want {
			steps = append(steps, append([]string{"get " + k + "\r\n"}, reading(t, k, v)...))
		}
		together(t, c, steps)
	}
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); harness.Breathe() {
		check(p.proxy.Addr)
	}
	awaitState(t, p.proxy, hung, "up")
	testkit.Eventually(t, "everything is repaired", func() error {
		if n := harness.ServerStat(t, p.proxy.Addr, hung.Addr, "dirty_keys"); n != "0" {
			return fmt.Errorf("%s keys are dirty", n)
		}
		return nil
	})
	check(hung.Addr)
	check(p.proxy.Addr)
	steps = nil
	for i := range each { // what was not touched is still on both
		steps = append(steps, []string{"get " + key("left", i) + "\r\n", harness.Hit(key("left", i), "1")})
	}
	for _, server := range []*harness.Memcached{hung, other} {
		d := harness.Dial(t, server.Addr)
		together(t, d, steps)
		d.Close()
	}
	other.Kill() // and what the other one knew is not contradicted
	check(p.proxy.Addr)
}

// together sends requests, many at a time, and compares each reply with those that are right.
func together(t *testing.T, c *harness.Client, steps [][]string) {
	t.Helper()
	for batch := range slices.Chunk(steps, 200) {
		var line strings.Builder
		for _, step := range batch {
			line.WriteString(step[0])
		}
		c.Send(line.String())
		for _, step := range batch {
			if got := c.Reply(); !slices.Contains(step[1:], got) {
				t.Fatalf("%q: %q, want %q", step[0], got, step[1:])
			}
		}
	}
}

// reading returns the replies to a get that are right after an outage. value is what the key should hold; empty: it
// was deleted. Without meta commands a key that a server has missed cannot be copied, and is deleted there.
func reading(t *testing.T, key, value string) []string {
	t.Helper()
	switch {
	case value == "":
		return []string{"END\r\n"}
	case harness.MetaOf(t) == harness.NoMeta:
		return []string{harness.Hit(key, value), "END\r\n"}
	}
	return []string{harness.Hit(key, value)}
}

// wantKept reads a key of which one of the servers has missed the value.
func wantKept(t *testing.T, c *harness.Client, key, value string) {
	t.Helper()
	if got, want := c.Do("get "+key+"\r\n"), reading(t, key, value); !slices.Contains(want, got) {
		t.Fatalf("%s: %.200q, want %.200q", key, got, want)
	}
}

// TestFlushDuringAnOutage checks that a flush_all reaches the server that was down.
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
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); harness.Breathe() {
		if got := c.Do("get a\r\n"); strings.HasPrefix(got, "VALUE") {
			t.Fatalf("a came back: %q", got)
		}
	}
	awaitState(t, p.proxy, p.primary, "up")
	harness.Dial(t, p.primary.Addr).Want("get a\r\n", "END\r\n")
}
