package failover

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

// TestNothingOldComesBack: a server hangs, keys are changed and deleted meanwhile, it goes on with its old contents.
// From the first request on nobody reads an old value or a deleted key, or misses a new one.
func TestNothingOldComesBack(t *testing.T) {
	for _, which := range []string{"primary", "backup"} {
		t.Run(which, func(t *testing.T) { nothingOld(t, which == "primary") })
	}
}

func nothingOld(t *testing.T, primary bool) {
	p := startPair(t)
	hung, other := p.backup, p.primary
	if primary {
		hung, other = p.primary, p.backup
	}
	c := harness.Dial(t, p.proxy.Addr)
	const each = 50
	key := func(kind string, i int) string { return fmt.Sprintf("%s%d", kind, i) }
	for i := range each {
		for _, kind := range []string{"set", "delete", "incr", "append", "left"} {
			c.Want(harness.Set(key(kind, i), "1"), "STORED\r\n")
		}
	}

	hung.Pause()
	want := map[string]string{} // "": deleted
	for i := range each {
		c.Want(harness.Set(key("set", i), "2"), "STORED\r\n")
		c.Want("delete "+key("delete", i)+"\r\n", "DELETED\r\n")
		c.Want("incr "+key("incr", i)+" 1\r\n", "2\r\n")
		c.Want("append "+key("append", i)+" 0 0 1\r\n2\r\n", "STORED\r\n")
		want[key("set", i)], want[key("delete", i)], want[key("incr", i)], want[key("append", i)] = "2", "", "2", "12"
	}
	hung.Resume()

	check := func(addr, who string) {
		c := harness.Dial(t, addr)
		defer c.Close()
		for k, v := range want {
			got := c.Do("get " + k + "\r\n")
			if expected := hitOrMiss(k, v); got != expected {
				t.Fatalf("%s: %s is %q, want %q", who, k, got, expected)
			}
		}
	}
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); {
		check(p.proxy.Addr, "through the proxy")
	}
	awaitState(t, p.proxy, hung, "up")
	harness.Eventually(t, "everything is made good", func() error {
		if n := harness.ServerStat(t, p.proxy.Addr, hung.Addr, "dirty_keys"); n != "0" {
			return fmt.Errorf("%s keys are dirty", n)
		}
		return nil
	})
	check(hung.Addr, "on the server that hung")
	check(p.proxy.Addr, "through the proxy")
	for i := range each { // what was not touched is still on both
		for _, server := range []*harness.Memcached{hung, other} {
			d := harness.Dial(t, server.Addr)
			d.Want("get "+key("left", i)+"\r\n", harness.Hit(key("left", i), "1"))
			d.Close()
		}
	}
	other.Kill() // and what the other one knew is not contradicted
	check(p.proxy.Addr, "from the server that hung alone")
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
	p := startPair(t)
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
