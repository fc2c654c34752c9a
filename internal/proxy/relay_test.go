package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/testkit"
)

// threads runs a test with one loop on each side, and with two.
func threads(t *testing.T, test func(t *testing.T, n int)) {
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprint(n, " loops"), func(t *testing.T) { test(t, n) })
	}
}

// owners returns rigs that decide with fakes of their own, and an election in which the first one is elected.
func owners(t *testing.T, n, loops int) (e *election, all []*rig) {
	e = &election{t: t}
	for range n {
		all = append(all, start(t, 1, 0, func(c *config.Config) { c.Threads = loops }))
	}
	e.elect(all[0])
	return e, all
}

// Large values, and more keys than a piece has, pass in both directions.
func TestMemberLargeAndMany(t *testing.T) {
	threads(t, func(t *testing.T, n int) {
		t.Parallel()
		owner := withMemcacheds(t, n)
		e := &election{t: t}
		e.elect(owner)
		c := e.member(n).client()
		large := strings.Repeat("x", 1_000_000)
		keys, want := "", ""
		for i := range 100 {
			value := large[:i*1000]
			c.say(fmt.Sprintf("set k%d 5 0 %d noreply\r\n%s\r\n", i, len(value), value))
			keys += fmt.Sprintf(" k%d", i)
			want += fmt.Sprintf("VALUE k%d 5 %d\r\n%s\r\n", i, len(value), value)
		}
		c.say("get" + keys + "\r\n")
		c.hear(want + "END\r\n")
		for range 3 {
			c.say("set l 0 0 1000000\r\n" + large + "\r\nget l none\r\nappend l 0 0 1\r\ny\r\n")
			c.hear("STORED\r\nVALUE l 0 1000000\r\n" + large + "\r\nEND\r\n")
			c.line()
		}
	})
}

// While nobody decides, requests wait, and go to whoever is elected, in order.
func TestMemberWaitsForAnOwner(t *testing.T) {
	threads(t, func(t *testing.T, n int) {
		t.Parallel()
		owner := withMemcacheds(t, n)
		e := &election{t: t}
		c := e.member(n).client()
		c.say("set a 0 0 1\r\n1\r\nget a b\r\nincr a 4\r\nset b 0 0 1 noreply\r\n2\r\nget a b\r\n")
		e.elect(owner)
		c.hear("STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n5\r\nVALUE a 0 1\r\n5\r\nVALUE b 0 1\r\n2\r\nEND\r\n")
	})
}

// While nobody decides for too long, every kind of request gets an error that says so.
func TestMemberWithoutOwner(t *testing.T) {
	const nobody = "SERVER_ERROR fleet: no member decides at present, and this was not carried out\r\n"
	threads(t, func(t *testing.T, n int) {
		t.Parallel()
		e := &election{t: t}
		m := e.member(n)
		c := m.client()
		long := "get" + strings.Repeat(" k", 70) + "\r\n"
		for _, request := range []string{
			"get a\r\n", "gets a\r\n", "get a b c\r\n", "gat 1 a\r\n", long, "set a 0 0 1\r\n1\r\n", "mg a v\r\n",
			"ms a 1\r\nx\r\n", "me a\r\n", "cas a 0 0 1 5\r\n1\r\n", "incr a 1\r\n", "touch a 1\r\n",
		} {
			c.say("delete a noreply\r\n" + request)
			expire(m)
			c.hear(nobody)
		}
		c.say("flush_all\r\n")
		expire(m)
		c.hear("SERVER_ERROR flush_all may not have been carried out on " + nobody[len("SERVER_ERROR "):])
	})
}

// What waits for an owner is answered with a line if keys are placed in another way meanwhile. The owner who is
// elected then does not get it, and nor does he get what comes later.
func TestMemberForsakes(t *testing.T) {
	const line = "SERVER_ERROR fleet: not carried out\r\n"
	threads(t, func(t *testing.T, n int) {
		t.Parallel()
		owner := withMemcacheds(t, n)
		e := &election{t: t}
		m := e.member(n)
		c := m.client()
		c.say("set a 0 0 1\r\n1\r\nget a b\r\nset b 0 0 1 noreply\r\n2\r\nincr b 1\r\nms c 1\r\n3\r\n")
		testkit.Until(t, "all of them wait", func() bool {
			waiting := 0
			for id := range m.svc.shards {
				m.on(id, func(sh *session.Shard) { waiting += sh.Pools[0].Conns[0].Pending() })
			}
			return waiting >= 5
		})
		for id := range m.svc.shards {
			m.on(id, func(sh *session.Shard) { sh.Pools[0].Forsake([]byte(line)) })
		}
		c.hear(line + line + line + line)
		e.elect(owner)
		c.say("set d 0 0 1\r\n4\r\n")
		if reply := c.line(); !strings.HasPrefix(reply, "SERVER_ERROR fleet: ") {
			t.Errorf("later: %q", reply)
		}
		o := owner.client()
		o.say("get a b c d\r\n")
		o.hear("END\r\n")
	})
}

// expire waits until requests wait for an owner on some loop, and has their time pass, until none do.
func expire(m *rig) {
	m.t.Helper()
	came := false
	testkit.Until(m.t, "a request waits, and has its end", func() bool {
		left := 0
		for id := range m.svc.shards {
			m.on(id, func(sh *session.Shard) {
				if n := sh.Pools[0].Conns[0].Pending(); n > 0 {
					sh.L.Advance(testOwnerWait + time.Second)
					left += n
				}
			})
		}
		came = came || left > 0
		return came && left == 0
	})
}

// An owner that hands over has carried out what it answers, and nothing else: the next one gets the rest.
func TestOwnerHandsOver(t *testing.T) {
	t.Parallel()
	e, all := owners(t, 2, 1)
	a, b := all[0], all[1]
	m := e.member(1)
	c := m.client()
	c.say("set a 0 0 1\r\n1\r\nget a\r\n")
	first := a.servers[0].want("set a 0 0 1\r\n1\r\n")
	second := a.servers[0].want("get a\r\n")
	// What comes while it stops is not begun any more.
	a.on(0, func(sh *session.Shard) { sh.Pools[0].Held = true })
	c.say("set a 0 0 1\r\n2\r\nget a\r\n")
	a.eventually(0, "requests wait", func(sh *session.Shard) bool { return sh.Waiting() })
	e.elect(b)
	a.on(0, func(sh *session.Shard) { sh.GiveBack(sh.Pools[0]) })
	first.answer("STORED\r\n")
	second.answer("VALUE a 0 1\r\n1\r\nEND\r\n")
	c.hear("STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n")
	b.servers[0].want("set a 0 0 1\r\n2\r\n").answer("STORED\r\n")
	b.servers[0].want("get a\r\n").answer("END\r\n")
	c.hear("STORED\r\nEND\r\n")
	if len(a.servers[0].asked) > 0 {
		t.Errorf("the first owner has carried out %q", (<-a.servers[0].asked).text)
	}
}

// An owner that ends without a word: what it had got is unknown, and reads are repeated.
func TestOwnerDies(t *testing.T) {
	t.Parallel()
	e, all := owners(t, 2, 1)
	a, b := all[0], all[1]
	m := e.member(1)
	c := m.client()
	c.say("get b\r\nset a 0 0 1\r\n1\r\nget a\r\ngat 9 b\r\nget b c\r\nmg a v\r\n")
	for _, request := range []string{
		"get b\r\n", "set a 0 0 1\r\n1\r\n", "get a\r\n", "gat 9 b\r\n", "get b c\r\n", "mg a v\r\n",
	} {
		a.servers[0].want(request)
	}
	e.elect(b)
	a.on(0, func(sh *session.Shard) { sh.EndLinks("member") })
	// The first read could see the time that gat has set.
	b.servers[0].want("get a\r\n").answer("VALUE a 0 1\r\n1\r\nEND\r\n")
	b.servers[0].want("get b c\r\n").answer("END\r\n")
	b.servers[0].want("mg a v\r\n").answer("EN\r\n")
	unknown := "SERVER_ERROR fleet: " + backend.ErrUnknown.Error() + "\r\n"
	c.hear("SERVER_ERROR fleet: " + backend.ErrUnread.Error() + "\r\n" + unknown + "VALUE a 0 1\r\n1\r\nEND\r\n")
	c.hear("SERVER_ERROR fleet: " + backend.ErrUnknown.Error() + "\r\nEND\r\nEN\r\n")
}

// A part of a multi-get that nobody answers is an error, and no miss.
func TestOwnerDiesWithinAMultiGet(t *testing.T) {
	t.Parallel()
	e, all := owners(t, 1, 1)
	a := all[0]
	m := e.member(1)
	c := m.client()
	piece := strings.Repeat(" k", session.PieceKeys)
	c.say("get" + piece + piece + "\r\n")
	a.servers[0].want("get" + piece + "\r\n").answer("END\r\n")
	a.servers[0].want("get" + piece + "\r\n")
	e.elect(nil)
	a.on(0, func(sh *session.Shard) { sh.EndLinks("member") })
	expire(m)
	c.hear("SERVER_ERROR fleet: " + backend.ErrNobody.Error() + "\r\n")
}

// Who relays is no owner, and says so before it is asked for anything.
func TestMemberIsNoOwner(t *testing.T) {
	t.Parallel()
	nobody, e := &election{t: t}, &election{t: t}
	e.elect(nobody.member(1))
	e.member(1)
	testkit.Until(t, "links are given back", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.links > 2
	})
}

// Requests for the owner of another epoch are given back.
func TestOwnerOfAnotherEpoch(t *testing.T) {
	t.Parallel()
	for name, its := range map[string]uint64{"a later one": 2, "an earlier one": 0} {
		t.Run(name, func(t *testing.T) {
			e, all := owners(t, 1, 1)
			a := all[0]
			a.on(0, func(sh *session.Shard) { sh.Pools[0].Epoch = its })
			c := e.member(1).client()
			c.say("set a 0 0 1\r\n1\r\n")
			testkit.Until(t, "it is asked and gives back", func() bool {
				e.mu.Lock()
				defer e.mu.Unlock()
				return e.links > 2
			})
			if len(a.servers[0].asked) > 0 {
				t.Error("an owner of another epoch carries it out")
			}
			e.elect(a)
			a.on(0, func(sh *session.Shard) { sh.Pools[0].Epoch = e.epoch })
			a.servers[0].want("set a 0 0 1\r\n1\r\n").answer("STORED\r\n")
			c.hear("STORED\r\n")
		})
	}
}

// What arrives too late is not carried out, and its client hears that.
func TestOwnerGetsItTooLate(t *testing.T) {
	t.Parallel()
	e, all := owners(t, 1, 1)
	a := all[0]
	c := e.member(1).client()
	c.say("get a\r\n")
	a.servers[0].want("get a\r\n").answer("END\r\n")
	c.hear("END\r\n")
	a.on(0, func(*session.Shard) {
		a.svc.group.Clock = func() time.Duration { return loop.BootTime() + 24*time.Hour }
	})
	c.say("set a 0 0 1\r\n1\r\nget a b\r\nmg a v\r\n")
	c.hear(strings.Repeat("SERVER_ERROR fleet: the request came too late, and was not carried out\r\n", 3))
	if len(a.servers[0].asked) > 0 {
		t.Errorf("%q is carried out", (<-a.servers[0].asked).text)
	}
}

// A pool that is about to decide has links wait; then it carries out what has come.
func TestOwnerThatWaits(t *testing.T) {
	t.Parallel()
	e, all := owners(t, 1, 1)
	a := all[0]
	a.on(0, func(sh *session.Shard) { sh.Pools[0].Held = true })
	c := e.member(1).client()
	c.say("set a 0 0 1\r\n1\r\nget a\r\n")
	a.eventually(0, "requests wait", func(sh *session.Shard) bool { return sh.Waiting() })
	e.mu.Lock()
	e.epoch-- // decide is about the epoch that was meant
	e.mu.Unlock()
	e.decide(a)
	a.servers[0].want("set a 0 0 1\r\n1\r\n").answer("STORED\r\n")
	a.servers[0].want("get a\r\n").answer("END\r\n")
	c.hear("STORED\r\nEND\r\n")
	if e.links != 1 {
		t.Errorf("%d links, want the first one", e.links)
	}
}

// A link is no client: it is not counted, and none of the limits for clients ends it.
func TestLinkIsNoClient(t *testing.T) {
	t.Parallel()
	e, all := owners(t, 1, 1)
	a := all[0]
	c := e.member(1).client()
	c.say("get a\r\n")
	a.servers[0].want("get a\r\n").answer("END\r\n")
	c.hear("END\r\n")
	a.on(0, func(sh *session.Shard) {
		for _, s := range session.Sessions(sh) {
			session.Age(s, 24*time.Hour)
		}
		a.svc.group.RequestTimeout, a.svc.group.IdleTimeout = time.Second, time.Second
		sh.EndQuiet()
		if n := a.svc.group.Clients.Load(); n != 0 || sh.Pools[0].Count.CurrConnections != 0 {
			t.Errorf("%d clients, %d of the pool", n, sh.Pools[0].Count.CurrConnections)
		}
	})
	c.say("get a\r\n")
	a.servers[0].want("get a\r\n").answer("END\r\n")
	c.hear("END\r\n")
	if e.links != 1 {
		t.Errorf("%d links, want the first one", e.links)
	}
}
