package proxy

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
)

// largeHit is the reply to a get of a large value.
func largeHit(key string, size int) string {
	return fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", key, size, strings.Repeat("v", size))
}

// inFlight is how many requests wait for a server's reply, once that does not change any more.
func (r *rig) inFlight(server int) (n int) {
	r.t.Helper()
	r.on(0, func(sh *session.Shard) { n = sh.Pools[0].Conns[server].Pending() })
	return n
}

// Many new clients ask for large values. Each may have few requests in flight at first. When the sizes are known, all
// together have no more under way than the bound. Each gets what it has asked for, in order.
func TestDemandOfManyClients(t *testing.T) {
	const clients, gets, size = 30, 10, 400_000
	r := start(t, 1, 0, func(c *config.Config) { c.MaxValue = 2 << 20 })
	r.on(0, func(*session.Shard) { r.svc.group.Window = session.WindowStart })
	p := r.servers[0]
	var all []*client
	for range clients {
		c := r.client()
		c.say(strings.Repeat("get big\r\n", gets))
		all = append(all, c)
	}
	r.eventually(0, "everybody is held back", func(sh *session.Shard) bool {
		for _, s := range session.Sessions(sh) {
			if !session.StateOf(s).Paused {
				return false
			}
		}
		return len(session.Sessions(sh)) == clients
	})
	if n, most := r.inFlight(0), session.MaxExpected/session.UnknownSize+session.WindowStart; n > most {
		t.Errorf("%d requests in flight before the first reply, want at most %d", n, most)
	}
	hit := largeHit("big", size)
	heard := make(chan string, clients)
	for _, c := range all {
		go func() { heard <- c.hearAll(hit, gets) }()
	}
	for i := range clients * gets {
		n := r.inFlight(0)
		if most := session.MaxExpected/size + 2; i > session.MaxExpected/session.UnknownSize+session.WindowStart &&
			n > most {
			t.Fatalf("%d requests in flight after %d replies, want at most %d", n, i, most)
		}
		p.want("get big\r\n").answer(hit)
	}
	for range all {
		if problem := <-heard; problem != "" {
			t.Error(problem)
		}
	}
	r.eventually(0, "nothing is expected", func(sh *session.Shard) bool {
		d := sh.DemandOf(0)
		return d.Bytes == 0 && d.Waiting() == 0
	})
}

// hearAll reads a text so many times.
func (c *client) hearAll(text string, times int) (problem string) {
	b := make([]byte, len(text))
	for i := range times {
		if n, err := io.ReadFull(c.r, b); err != nil || string(b) != text {
			return fmt.Sprintf("reply %d: %d bytes, %v", i, n, err)
		}
	}
	return ""
}

// fillDemand fills the demand of the pool, as clients with large values would do.
func (r *rig) fillDemand(t *testing.T) {
	r.on(0, func(sh *session.Shard) { sh.DemandOf(0).Change(session.MaxExpected) })
	t.Cleanup(func() { r.on(0, func(sh *session.Shard) { sh.DemandOf(0).Change(-session.MaxExpected) }) })
}

// Who asks for small values does not wait for those who ask for large ones.
func TestSmallValuesDoNotWait(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get a\r\n")
	p.want("get a\r\n").answer(largeHit("a", 100))
	c.hear(largeHit("a", 100))
	r.fillDemand(t)
	c.say(strings.Repeat("get a\r\n", testWindow))
	for range testWindow {
		p.want("get a\r\n").answer(miss)
	}
	c.hear(strings.Repeat(miss, testWindow))
}

// Large values wait until there is room, and are served in the order in which they began to wait. That includes
// clients that have waited for something else before.
func TestLargeValuesWaitForRoom(t *testing.T) {
	r, p, b := pair(t, nil)
	body := strings.Repeat("v", session.FairShare)
	set := func(key string) string { return fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, session.FairShare, body) }
	r.on(0, func(sh *session.Shard) { sh.DemandOf(0).Change(session.MaxExpected) })
	var clients []*client
	for i, key := range []string{"a", "b", "c"} {
		c := r.client()
		c.say(set(key))
		r.eventually(0, "it waits", func(sh *session.Shard) bool { return sh.DemandOf(0).Waiting() == i+1 })
		clients = append(clients, c)
	}
	if n := r.inFlight(0); n > 0 {
		t.Errorf("%d requests in flight without room", n)
	}
	r.on(0, func(sh *session.Shard) { sh.DemandOf(0).Change(-session.MaxExpected) })
	for _, key := range []string{"a", "b", "c"} {
		p.want(set(key)).answer("STORED\r\n")
		b.want(set(key)).answer("STORED\r\n")
	}
	for _, c := range clients {
		c.hear("STORED\r\n")
	}
	r.eventually(0, "nothing is expected", func(sh *session.Shard) bool { return sh.DemandOf(0).Bytes == 0 })
}

// What a client has asked for counts until it is answered, even if the client has gone. Otherwise a client that comes
// and goes could have the servers asked for anything.
func TestDemandOfTheGoneCounts(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get a\r\nget b\r\n")
	a, b := p.want("get a\r\n"), p.want("get b\r\n")
	_ = c.c.(*net.TCPConn).SetLinger(0)
	c.c.Close()
	r.eventually(0, "the client has gone", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 0 })
	check := func(values int) {
		t.Helper()
		r.eventually(0, fmt.Sprintf("%d values are expected", values), func(sh *session.Shard) bool {
			return sh.DemandOf(0).Bytes == values*session.UnknownSize+values*len("get a\r\n")
		})
	}
	check(2)
	a.answer(miss)
	check(1)
	b.answer(miss)
	check(0)
}
