package vip

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestMagentsWithoutTheAddressCanServe boots hosts whose magents start before the memcacheds. Later the memcacheds are
// restarted one after the other. Only the magent with the address repairs them. The others must be able to serve all
// the same, or keepalived would not give the address to any of them. Nothing may be lost when it does.
func TestMagentsWithoutTheAddressCanServe(t *testing.T) {
	t.Parallel()
	c := newHosts(t, "--vip", virtual)
	for _, h := range c.hosts {
		h.runMagent()
	}
	for _, h := range c.hosts {
		testkit.Eventually(t, "no server is there for "+h.name, func() error {
			if states := fmt.Sprint(h.states()); strings.Count(states, "ejected") != len(c.hosts) {
				return fmt.Errorf("%s", states)
			}
			return nil
		})
	}
	for _, h := range c.hosts {
		h.startMemcached()
	}
	for _, h := range c.hosts {
		h.awaitServing()
	}
	for _, h := range c.hosts {
		h.startKeepalived()
	}
	active := c.awaitMended(nil)

	const keys = 200
	set, get, want := "", "", ""
	for i := range keys {
		key := fmt.Sprint("key", i)
		set += harness.Set(key, "value")
		get += "get " + key + "\r\n"
		want += harness.Hit(key, "value")
	}
	if got := active.ask(set, strings.Repeat("STORED\r\n", keys)); len(got) != keys*len("STORED\r\n") {
		t.Fatalf("set: %q", got)
	}
	for _, restarted := range c.hosts {
		restarted.memcached.Kill()
		restarted.startMemcached()
		c.awaitMended(nil)
		for _, h := range c.hosts {
			h.awaitServing()
		}
	}
	dead := c.awaitMended(nil)
	dead.magent.Kill()
	active = c.awaitMended(dead)
	if got := active.ask(get+"mn\r\n", "MN\r\n"); got != want+"MN\r\n" {
		t.Errorf("%d of %d keys are there", strings.Count(got, "VALUE "), keys)
	}
}

// awaitMended waits until a magent on another host than the excluded one holds the virtual address, uses all servers,
// and has none to repair. Keepalived may move the address at any time: a host without processor time may fail the
// check.
func (c *cluster) awaitMended(but *host) (active *host) {
	c.t.Helper()
	testkit.Eventually(c.t, "the magent with the virtual address uses all servers", func() error {
		for _, h := range c.hosts {
			if h == but || !h.has() {
				continue
			}
			if states := fmt.Sprint(h.states()); strings.Count(states, "up 0") != len(c.hosts) {
				return fmt.Errorf("%s: %s", h.name, states)
			}
			active = h
			return nil
		}
		return errors.New("no host has it")
	})
	return active
}
