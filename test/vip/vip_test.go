package vip

import (
	"fmt"
	"testing"
	"time"

	"magent/test/netns"
)

const (
	most = 5 * time.Second // how long a client may get no answer while the address moves
	// patient is a --timeout that a busy machine seldom exceeds. What servers have missed the next magent does not
	// know, so that clients may see it when the address moves.
	patient = "1s"
)

// TestVirtualAddress works under load. It kills the magent that holds the address and a memcached of each role, and
// cuts the link of the host that holds the address.
func TestVirtualAddress(t *testing.T) {
	c := newCluster(t, "--vip", netns.Virtual, "--timeout", patient)
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
	// moves does something that makes the address move, and reports whether clients had answers soon. Before that, the
	// magent that has it must have made good what servers have missed (awaitUp), for the next one does not know of it.
	moves := func(what string, do func()) bool {
		t.Helper()
		l.begin()
		do()
		before := active
		active = c.holder(active)
		settle()
		return l.soon(t, fmt.Sprintf("%s: the address moves from %s to %s", what, before.Name, active.Name))
	}
	// unnoticed does something to a host that no client may notice. It returns false if the machine was too busy to
	// tell: servers missed deadlines that nothing was done to, or the address moved.
	unnoticed := func(what string, h *host, do func()) bool {
		t.Helper()
		l.patience.Store(int64(10 * time.Second))
		settle()
		active = c.awaitUp(h)
		first, before := active, active.othersMissed(h)
		l.begin()
		do()
		settle()
		l.patience.Store(int64(300 * time.Millisecond))
		if n := first.othersMissed(h) - before; n > 0 || active != first {
			failed, missed, gap := l.figures()
			t.Logf("%s: the other servers missed %d deadlines, the address is on %s and was on %s; "+
				"%d requests failed, %d misses, %v without an answer",
				what, n, active.Name, first.Name, failed, missed, gap)
			if err := l.renew(); err != nil {
				t.Fatal(err)
			}
			return false
		}
		if failed, missed, gap := l.figures(); failed > 0 || missed > 0 {
			t.Errorf("%s: %d requests failed, %d misses, %v without an answer (%s)", what, failed, missed, gap,
				l.lastFailure())
		}
		return true
	}

	settle()
	again(t, "kill -9 of magent", func() bool {
		active = c.awaitUp(nil)
		first := active
		defer first.startMagent()
		return moves("kill -9 of magent", first.magent.Kill)
	})
	for _, i := range []int{0, 2} {
		h := c.hosts[i]
		again(t, "kill -9 of memcached of "+h.Name, func() bool {
			killed := unnoticed("kill -9 of memcached of "+h.Name, h, h.memcached.Kill)
			restarted := unnoticed("its restart", h, func() {
				h.startMemcached()
				active = c.awaitUp(nil)
			})
			return killed && restarted
		})
	}
	for _, way := range []struct {
		what      string
		cut, heal func(i int)
		noticed   bool // when it is over: for a moment two hosts have the address, and either may keep it
	}{
		{"link cut", c.network.Unplug, c.network.Plug, false},
		{"cut off behind a link that stands", c.network.Isolate, c.network.Join, true},
	} {
		again(t, way.what, func() bool {
			active = c.awaitUp(nil)
			cut := active
			soon := moves(way.what, func() { way.cut(cut.i) })
			cut.awaitSilence()
			next := active
			heal := func() {
				way.heal(cut.i)
				active = c.awaitUp(nil)
			}
			if way.noticed {
				l.begin()
				heal()
				settle()
				return l.soon(t, "it is over") && soon
			}
			told := unnoticed("the link is back", cut, heal)
			return c.holder(nil) == next && told && soon
		})
	}
	if err := l.end(); err != nil {
		t.Error(err)
	}
	c.verify()
}
