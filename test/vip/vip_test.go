package vip

import (
	"fmt"
	"testing"
	"time"

	"magent/test/harness"
	"magent/test/netns"
)

// most is how long a client may get no answer while the address moves.
const most = 3 * time.Second

// TestVirtualAddress works under load. It kills the magent that holds the address and a memcached of each role, and
// cuts the link of the host that holds the address.
func TestVirtualAddress(t *testing.T) {
	c := newCluster(t, "--vip", netns.Virtual)
	for _, h := range c.hosts {
		h.startKeepalived()
	}
	active := c.holder(nil)
	l := startLoad(c.client)
	settle := func() {
		t.Helper()
		if err := l.more(100); err != nil {
			t.Fatal(err)
		}
	}
	// report logs what clients have seen since l.begin, and fails if that is too much.
	report := func(what string, nothing bool) {
		t.Helper()
		failed, missed, gap := l.figures()
		t.Logf("%s: %d requests failed, %d misses, at most %v without an answer", what, failed, missed, gap)
		if gap > most || nothing && (failed > 0 || missed > 0) {
			t.Errorf("%s: %d requests failed, %d misses, %v without an answer (%s)", what, failed, missed, gap,
				l.lastFailure())
		}
	}
	// moves does something that makes the address move. Before that, the magent that has it must have made good what
	// servers have missed, for the next one does not know of it.
	moves := func(what string, do func()) {
		t.Helper()
		active.awaitUp()
		l.begin()
		do()
		before := active
		active = c.holder(active)
		settle()
		report(fmt.Sprintf("%s: the address moves from %s to %s", what, before.Name, active.Name), false)
	}
	// unnoticed does something to a host that no client may notice. It returns false if the machine was too busy to
	// tell: servers failed that nothing was done to.
	unnoticed := func(what string, h *host, do func()) bool {
		t.Helper()
		l.patience.Store(int64(10 * time.Second))
		settle()
		l.begin()
		before := active.othersFailed(h)
		do()
		settle()
		l.patience.Store(int64(300 * time.Millisecond))
		if n := active.othersFailed(h) - before; n > 0 {
			failed, missed, gap := l.figures()
			t.Logf("%s: the other servers failed %d times; %d requests failed, %d misses, %v without an answer", what,
				n, failed, missed, gap)
			if err := l.renew(); err != nil {
				t.Fatal(err)
			}
			return false
		}
		report(what, true)
		return true
	}

	settle()
	first := active
	moves("kill -9 of magent", first.magent.Kill)
	first.startMagent()
	for _, i := range []int{0, 2} {
		h := c.hosts[i]
		for tries := 1; ; tries++ {
			told := unnoticed("kill -9 of memcached of "+h.Name, h, h.memcached.Kill)
			told = unnoticed("its restart", h, func() {
				h.startMemcached()
				active.awaitUp()
			}) && told
			if told {
				break
			}
			if tries == 5 {
				t.Fatalf("%d times servers failed that nothing was done to", tries)
			}
		}
	}
	for _, way := range []struct {
		what      string
		cut, heal func(i int)
		noticed   bool // when it is over: for a moment two hosts have the address
	}{
		{"link cut", c.network.Unplug, c.network.Plug, false},
		{"cut off behind a link that stands", c.network.Isolate, c.network.Join, true},
	} {
		cut := active
		moves(way.what, func() { way.cut(cut.i) })
		cut.awaitSilence()
		heal := func() {
			way.heal(cut.i)
			active.awaitUp()
		}
		if way.noticed {
			l.begin()
			heal()
			settle()
			report("it is over", false)
		} else {
			unnoticed("the link is back", cut, heal)
		}
		if now := c.holder(nil); now != active {
			t.Errorf("the address is on %s, it was on %s", now.Name, active.Name)
		}
	}
	if err := l.end(); err != nil {
		t.Error(err)
	}
	code, stdout, stderr := harness.Run(t,
		c.client.Inside(harness.Binary(t), "verify", "-s", netns.Address(0), "-s", netns.Address(1),
			"-b", netns.Address(2))...)
	if t.Logf("magent verify: %s%s", stdout, stderr); code != 0 {
		t.Errorf("the copies differ: exit code %d", code)
	}
}
