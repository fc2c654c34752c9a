package vip

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// newFleet is a cluster whose magents are a fleet: each is the member that has the address of its host.
func newFleet(t *testing.T, args ...string) *cluster {
	t.Helper()
	var list []string
	for i := range 3 {
		list = append(list, fmt.Sprintf("host%d=%s:12100", i, netns.Address(i)))
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("what the three have in common"), 0o640); err != nil {
		t.Fatal(err)
	}
	c := newHosts(t, append([]string{
		"--fleet", strings.Join(list, ","), "--fleet-secret-file", secret, "--timeout", patient,
	}, args...)...)
	for _, h := range c.hosts {
		h.startMemcached()
	}
	for _, h := range c.hosts {
		c.client.AwaitListening(netns.Address(h.i) + ":11211")
	}
	for _, h := range c.hosts {
		h.runMagent() // none serves before most of them are there
	}
	c.awaitFleet()
	return c
}

// awaitFleet waits until all members are there and decide, or know who does, and until no server lacks anything.
func (c *cluster) awaitFleet() {
	c.t.Helper()
	for _, h := range c.hosts {
		testkit.Eventually(c.t, "the fleet is well for "+h.Name, func() error {
			fields := h.fields("stats fleet")
			for i := range 3 {
				if state := fields[fmt.Sprintf("member:host%d:state", i)]; state != "alive" {
					return fmt.Errorf("host%d is %q", i, state)
				}
			}
			if fields["ready"] != "1" {
				return fmt.Errorf("it is not ready: %v", fields)
			}
			for name, value := range h.stats() {
				if strings.HasSuffix(name, ":state") && value != "up" ||
					strings.HasSuffix(name, ":dirty_keys") && value != "0" {
					return fmt.Errorf("%s is %s", name, value)
				}
			}
			return nil
		})
	}
}

// verify compares the copies of all keys.
func (c *cluster) verify() {
	c.t.Helper()
	code, stdout, stderr := harness.Run(c.t,
		c.client.Inside(harness.Binary(c.t), "verify", "-s", netns.Address(0), "-s", netns.Address(1),
			"-b", netns.Address(2), "--timeout", "20s", "--connect-timeout", "20s")...)
	if c.t.Logf("magent verify: %s%s", stdout, stderr); code != 0 {
		c.t.Errorf("the copies differ: exit code %d", code)
	}
}

// settled waits until some requests have been answered.
func (l *load) settled(t *testing.T) {
	t.Helper()
	if err := l.more(100); err != nil {
		t.Fatal(err)
	}
}

// soon logs what clients have seen since begin, and reports whether none was without an answer for too long.
func (l *load) soon(t *testing.T, what string) bool {
	t.Helper()
	failed, missed, gap := l.figures()
	t.Logf("%s: %d requests failed, %d misses, at most %v without an answer", what, failed, missed, gap)
	return gap <= most
}

// again does something until it comes out well. A busy machine may spoil it some times, and a fault always does.
func again(t *testing.T, what string, well func() bool) {
	t.Helper()
	const times = 5
	for range times {
		if well() {
			return
		}
	}
	t.Fatalf("%s: it did not come out well in %d attempts, which the log tells about", what, times)
}

// TestVirtualAddressOfFleet has a fleet behind the address that keepalived keeps, without multicast. The magent that
// has the address is killed, and the link of its host is cut, under load. Nothing that was acknowledged is lost or
// comes back, although no magent is told of the address.
func TestVirtualAddressOfFleet(t *testing.T) {
	c := newFleet(t)
	for _, h := range c.hosts {
		h.startKeepalived(h.unicast()...)
	}
	c.holder(nil)
	l := (&load{late: true}).start(c.client)
	for _, move := range []struct {
		what     string
		do, undo func(*host)
	}{
		{"kill -9 of magent", func(h *host) { h.magent.Kill() }, (*host).startMagent},
		{"link cut", func(h *host) { c.network.Unplug(h.i) }, func(h *host) { c.network.Plug(h.i) }},
	} {
		again(t, move.what, func() bool {
			l.settled(t)
			c.awaitFleet()
			l.begin()
			before := c.holder(nil)
			move.do(before)
			active := c.holder(before)
			l.settled(t)
			defer c.holder(nil)
			defer move.undo(before)
			return l.soon(t, fmt.Sprintf("%s: the address moves from %s to %s", move.what, before.Name, active.Name))
		})
	}
	c.awaitFleet()
	if err := l.end(); err != nil {
		t.Error(err)
	}
	c.verify()
}

// unicast is how the configuration of keepalived is changed on a host for a network without multicast. What it takes
// is there, behind a #.
func (h *host) unicast() (change []string) {
	var others []string
	for i := range 3 {
		if i != h.i {
			others = append(others, netns.Address(i))
		}
	}
	return []string{
		"#unicast_src_ip 10.0.0.1", "unicast_src_ip " + netns.Address(h.i), "#unicast_peer", "unicast_peer",
		"#    10.0.0.2", others[0], "#    10.0.0.3", others[1], "#}", "}",
	}
}

// TestHAProxyOfFleet has HAProxy in front of a fleet, with the configuration that is shipped. Clients use all members,
// and the others when one is killed or ends; they are back when it is.
func TestHAProxyOfFleet(t *testing.T) {
	t.Parallel()
	c := newFleet(t)
	c.startHAProxy("haproxy.cfg")
	l := (&load{late: true}).start(c.client)
	spread := func(but *host) {
		t.Helper()
		testkit.Eventually(t, "clients use all members that are there", func() error {
			asked := c.asked()
			for _, h := range c.hosts {
				if slices.Contains(asked, h) == (h == but) {
					return fmt.Errorf("they use %d of them", len(asked))
				}
			}
			return nil
		})
	}
	spread(nil)
	for i, end := range []struct {
		what string
		do   func(h *host)
	}{
		{"kill -9 of a member", func(h *host) { h.magent.Kill() }},
		{"end of a member", func(h *host) {
			h.magent.Terminate()
			h.magent.ExitCode()
		}},
	} {
		again(t, end.what, func() bool {
			l.settled(t)
			c.awaitFleet()
			victim := c.hosts[i]
			l.begin()
			end.do(victim)
			l.settled(t)
			spread(victim)
			defer victim.startMagent()
			return l.soon(t, end.what)
		})
	}
	c.awaitFleet()
	if err := l.end(); err != nil {
		t.Error(err)
	}
	c.verify()
}
