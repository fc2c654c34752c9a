package vip

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// TestMagentsWithoutTheAddressCanServe boots hosts whose magents start before the memcacheds. Later the memcacheds are
// restarted one after the other. Only the magent with the address repairs them. The others must be able to serve all
// the same, or keepalived would not give the address to any of them. Nothing may be lost when it does.
func TestMagentsWithoutTheAddressCanServe(t *testing.T) {
	t.Parallel()
	// A memcached that has no time must not be taken for one that fails, beside the one that is restarted.
	c := newHosts(t, "--vip", netns.Virtual, "--timeout", "5s")
	for _, h := range c.hosts {
		h.runMagent()
	}
	for _, h := range c.hosts {
		testkit.Eventually(t, "no server is there for "+h.Name, func() error {
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
		c.awaitMended(nil)
		restarted.memcached.Kill()
		restarted.startMemcached()
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

// awaitMended waits until a magent, which is not on the excluded host, has the virtual address and uses all servers,
// and all copies are the same. Keepalived may move the address at any time, because a host that has no time fails the
// check. Then it begins anew.
func (c *cluster) awaitMended(but *host) *host {
	c.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; {
		active, err := c.repaired(but)
		if err == nil {
			return active
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("not all copies are the same: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *cluster) repaired(but *host) (active *host, err error) {
	c.t.Helper()
	for _, h := range c.hosts {
		if h != but && h.has() {
			active = h
		}
	}
	if active == nil {
		return nil, errors.New("no host has the address")
	}
	if states := fmt.Sprint(active.states()); strings.Count(states, "up 0") != len(c.hosts) {
		return nil, fmt.Errorf("%s: %s", active.Name, states)
	}
	verify := []string{
		harness.Binary(c.t), "verify",
		"-s", netns.Address(0), "-s", netns.Address(1), "-b", netns.Address(2),
	}
	if code, said, complaint := harness.Run(c.t, c.client.Inside(verify...)...); code != 0 {
		return nil, fmt.Errorf("%s%s", said, complaint)
	}
	return active, nil
}
