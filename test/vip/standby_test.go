package vip

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// TestStandby cuts off a proxy while clients write. It then believes that the other servers have missed something.
// When it can reach them again, they have newer values, written through the proxy that holds the virtual address. Its
// copies must not replace these. When the address comes back to it, it must repair what is still dirty.
func TestStandby(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "--vip", netns.Virtual, "--timeout", patient)
	a, b := c.hosts[0], c.hosts[1]
	give := func(to *host) {
		t.Helper()
		for _, h := range c.hosts {
			if h != to && h.has() {
				h.IP("address", "del", netns.Virtual+"/24", "dev", "eth0")
			}
		}
		to.IP("address", "add", netns.Virtual+"/24", "dev", "eth0")
	}
	give(a)
	set := func(h *host, key, value string) {
		t.Helper()
		if got := h.ask(harness.Set(key, value), "\n"); got != "STORED\r\n" {
			t.Fatalf("%s: set %s: %q", h.Name, key, got)
		}
	}
	// A key with copies on hosts 0 and 2, and one without a copy on host 0.
	key, alien := "", ""
	for i := 0; key == "" || alien == ""; i++ {
		name := fmt.Sprint("key", i)
		set(a, name, "v1")
		if a.askAt(netns.Address(0)+":11211", "get "+name+"\r\n", "END\r\n") != "END\r\n" {
			key = name
		} else {
			alien = name
		}
	}
	get := "get " + key + "\r\n"
	c.network.Isolate(a.i)
	set(a, key, "v2") // no client will ever be told
	give(b)
	set(b, key, "v3")

	a.ask(harness.Set(alien, "v2"), "\n") // so that it notices that host 1 is away, too
	a.awaitSilence()
	b.magent.Signal(syscall.SIGSTOP) // it will be late
	c.network.Join(a.i)
	testkit.Eventually(t, "the others are back for "+a.Name, func() error {
		if n := a.stats()["server:2:connected"]; n != "1" {
			return fmt.Errorf("it has %s connections to host2", n)
		}
		return nil
	})
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got := a.askAt(netns.Address(2)+":11211", get, "END\r\n"); got != harness.Hit(key, "v3") {
			t.Fatalf("the backup has %q", got)
		}
	}
	b.magent.Signal(syscall.SIGCONT)
	b.awaitUp()
	for _, addr := range []string{b.local(), netns.Address(0) + ":11211", netns.Address(2) + ":11211"} {
		if got := b.askAt(addr, get, "END\r\n"); got != harness.Hit(key, "v3") {
			t.Errorf("%s has %q", addr, got)
		}
	}
	if got := a.state(2); !strings.HasPrefix(got, "ejected ") {
		t.Errorf("for %s, host2 is %q", a.Name, got)
	}
	give(a)
	a.awaitUp()
	if got := a.ask(get, "END\r\n"); got != harness.Hit(key, "v3") {
		t.Errorf("in the end it has %q", got)
	}
}
