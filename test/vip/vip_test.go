package vip

import (
	"testing"
	"time"

	"magent/test/harness"
)

// most is how long a client may be without an answer while the address moves.
const most = 3 * time.Second

// TestVirtualAddress kills the magent that has the address, a memcached of each role, and cuts the link of the host that has the
// address, under load.
func TestVirtualAddress(t *testing.T) {
	c := newCluster(t, "--vip", virtual)
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
	// moves measures what clients see of something that makes the address move.
	moves := func(what string, do func()) {
		t.Helper()
		l.begin()
		do()
		before := active
		active = c.holder(active)
		settle()
		failed, missed, gap := l.figures()
		t.Logf("%s: the address moves from %s to %s; %d requests failed, %d misses, at most %v without an answer", what, before.name, active.name, failed, missed, gap)
		if gap > most {
			t.Errorf("%s: %v without an answer (%s)", what, gap, l.lastFailure())
		}
	}
	// unnoticed is something that no client sees.
	unnoticed := func(what string, do func()) {
		t.Helper()
		l.patience.Store(int64(10 * time.Second))
		settle()
		l.begin()
		do()
		settle()
		failed, missed, gap := l.figures()
		t.Logf("%s: %d requests failed, %d misses, at most %v without an answer", what, failed, missed, gap)
		if failed > 0 || missed > 0 {
			t.Errorf("%s: %d requests failed, %d misses (%s)", what, failed, missed, l.lastFailure())
		}
		l.patience.Store(int64(300 * time.Millisecond))
	}

	settle()
	first := active
	moves("kill -9 of magent", first.magent.Kill)
	first.startMagent()
	for _, i := range []int{0, 2} {
		h := c.hosts[i]
		unnoticed("kill -9 of memcached of "+h.name, h.memcached.Kill)
		unnoticed("its restart", func() {
			h.startMemcached()
			active.awaitUp()
		})
	}
	for _, way := range []struct {
		what      string
		cut, heal []string
	}{
		{"link cut", []string{"down"}, []string{"up"}},
		{"cut off behind a link that stands", []string{"nomaster"}, []string{"master", "br0"}},
	} {
		cut := active
		change := func(how []string) { c.bridge.ip(append([]string{"link", "set", plug(cut.i)}, how...)...) }
		moves(way.what, func() { change(way.cut) })
		cut.awaitSilence()
		unnoticed("the link is back", func() {
			change(way.heal)
			active.awaitUp()
		})
		if now := c.holder(nil); now != active {
			t.Errorf("the address is on %s, it was on %s", now.name, active.name)
		}
	}
	if err := l.end(); err != nil {
		t.Error(err)
	}
	code, stdout, stderr := harness.Run(t, c.client.inside(harness.Binary(t), "verify", "-s", address(0), "-s", address(1), "-b", address(2))...)
	if t.Logf("magent verify: %s%s", stdout, stderr); code != 0 {
		t.Errorf("the copies differ: exit code %d", code)
	}
}
