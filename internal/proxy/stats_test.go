package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/stats"
)

// A server that dies is one ejection, whatever the number of loops that notice.
func TestEjectionIsCountedOnce(t *testing.T) {
	r, clients := two(t, 1, 1)
	for id := range clients {
		r.eventually(id, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	}
	r.servers[0].leave()
	for id := range clients {
		r.eventually(id, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(0) })
	}
	if got := clients[1].stats("servers")["server:0:ejections"]; got != "1" {
		t.Errorf("%s ejections", got)
	}
	if got := clients[0].stats("")["proxy_backend_failed"]; got != "1" {
		t.Errorf("proxy_backend_failed is %s", got)
	}
	clients[0].say("stats reset\r\n")
	clients[0].hear("RESET\r\n")
	if got := clients[1].stats("servers")["server:0:ejections"]; got != "0" {
		t.Errorf("%s ejections after a reset", got)
	}
}

// A reset of the statistics between two missed deadlines is no reply: they are still two in a row.
func TestResetKeepsTheRowOfFailures(t *testing.T) {
	t.Parallel()
	r, p, b := pair(t, nil)
	b.answers(func(string) string { return valueA })
	c := r.client()
	c.say("get x\r\n")
	p.want("get x\r\n").answer(miss)
	c.hear(miss)
	for range 2 {
		c.say("get a\r\n")
		p.want("get a\r\n")
		r.expire(0)
		c.hear(valueA)
		if c.stats("servers")["server:0:state"] == "up" {
			c.say("stats reset\r\n")
			c.hear("RESET\r\n")
		}
	}
	s := c.stats("servers")
	if s["server:0:state"] != "ejected" {
		t.Errorf("state %s after 2 missed deadlines", s["server:0:state"])
	}
	if s["server:0:requests"] != "1" || s["server:0:replies"] != "0" || s["server:0:timeouts"] != "1" {
		t.Errorf("%s requests, %s replies, %s timeouts since the reset; want 1, 0, 1", s["server:0:requests"],
			s["server:0:replies"], s["server:0:timeouts"])
	}
}

// me is a meta command, but no get.
func TestDebugIsNoGet(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	for _, answer := range []string{"ME a exp=-1\r\n", "EN\r\n"} {
		c.say("me a\r\n")
		p.want("me a\r\n").answer(answer)
		c.hear(answer)
	}
	if s := c.stats(""); s["cmd_meta"] != "2" || s["cmd_get"] != "0" || s["get_hits"] != "0" ||
		s["get_misses"] != "0" {
		t.Errorf("%s meta, %s gets, %s hits, %s misses; want 2, 0, 0, 0", s["cmd_meta"], s["cmd_get"], s["get_hits"],
			s["get_misses"])
	}
}

// Figures are those of all loops, and come to whoever asks beside them.
func TestFiguresOfAllLoops(t *testing.T) {
	r, clients := two(t, 1, 1)
	for id := range clients {
		clients[id].say("mn\r\n")
		clients[id].hear("MN\r\n")
	}
	p, s, err := r.svc.Figures(t.Context())
	if err != nil || s.CurrConnections != 2 || len(s.Pools) != 1 || s.Pools[0].CurrConnections != 2 ||
		len(s.Servers) != 2 {
		t.Errorf("%v: %+v", err, s)
	}
	if p.Threads != 2 || len(p.Pools) != 1 || p.Pools[0].Name != "main" {
		t.Errorf("%+v", p)
	}
	if got, want := s.Servers[0].RingName, r.servers[0].addr.RingName(); got != want {
		t.Errorf("name %s, want %s", got, want)
	}
}

func TestFiguresAreNotWaitedForLongerThanAsked(t *testing.T) {
	r, _, _ := pair(t, nil)
	held, free := make(chan struct{}), make(chan struct{})
	r.svc.shards[0].L.Post(loop.TaskFunc(func() { close(held); <-free }))
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.svc.Figures(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(free)
}

// What is on its way: written and not answered, or not even written.
func TestQueues(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get a\r\nget bc\r\n")
	first := p.want("get a\r\n")
	r.eventually(0, "two requests are awaited", func(sh *session.Shard) bool {
		s := sh.Snapshot().Servers[0]
		return s.Awaited == 2 && s.AwaitedBytes == len("get a\r\nget bc\r\n") && s.Unsent == 0 && s.UnsentBytes == 0
	})
	first.answer(miss)
	c.hear(miss)
	p.want("get bc\r\n").answer(miss)
	c.hear(miss)
	if s := r.figures().Servers[0]; s.Awaited != 0 || s.AwaitedBytes != 0 || s.Requests != 2 || s.Sent == 0 {
		t.Errorf("%+v", s)
	}
}

// figures asks for them, and nothing may go wrong.
func (r *rig) figures() stats.Snapshot {
	r.t.Helper()
	_, s, err := r.svc.Figures(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// Why clients are gone: they left, or what they sent ended the connection. A malformed request counts by itself.
func TestClientsThatLeaveAndClientsThatFail(t *testing.T) {
	r, _, _ := pair(t, nil)
	gone := func(what string, eofs, errs uint64) {
		t.Helper()
		r.eventually(0, what, func(sh *session.Shard) bool {
			n := sh.Pools[0].Count
			return n.CurrConnections == 0 && n.ClientEOFs == eofs && n.ClientErrors == errs
		})
	}
	r.client().c.Close()
	r.eventually(0, "the first client", func(sh *session.Shard) bool {
		return sh.Pools[0].Count.TotalConnections == 1
	})
	gone("a client that leaves", 1, 0)
	c := r.client()
	c.say("quit\r\n")
	c.ended()
	gone("quit", 2, 0)
	c = r.client()
	c.say("set k 0 0 x\r\n")
	_, _ = io.ReadAll(c.r)
	gone("a client that speaks something else", 2, 1)
	c = r.client()
	c.say("gets\r\n")
	c.line()
	c.c.Close()
	gone("a malformed request, and then the end", 3, 2)
	c = r.client()
	c.say("mn\r\n")
	c.hear("MN\r\n")
	_ = c.c.(*net.TCPConn).SetLinger(0)
	c.c.Close()
	gone("a reset", 3, 3)
}

// A server's end is counted by its kind, and when it was ejected is told.
func TestServersThatEndAndFail(t *testing.T) {
	r, p, _ := pair(t, nil)
	r.eventually(0, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	c := r.client()
	c.say("get x\r\n")
	p.want("get x\r\n").answer(miss)
	c.hear(miss)
	before := time.Now().UnixMicro()
	p.leave()
	r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(0) })
	s := r.figures().Servers[0]
	if s.EOFs+s.Failures == 0 || s.EjectedAt < before || s.Connected != 0 || s.Ejections != 1 {
		t.Errorf("%d closed, %d failed, ejected at %d, connected %d, %d ejections", s.EOFs, s.Failures, s.EjectedAt,
			s.Connected, s.Ejections)
	}
	c.say("stats reset\r\n")
	c.hear("RESET\r\n")
	if s := r.figures().Servers[0]; s.EOFs+s.Failures != 0 || s.EjectedAt < before {
		t.Errorf("after a reset %d closed, %d failed, ejected at %d", s.EOFs, s.Failures, s.EjectedAt)
	}
}

func TestFragments(t *testing.T) {
	r := start(t, 2, 0, nil)
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	r.servers[0].answers(func(string) string { return miss })
	r.servers[1].answers(func(string) string { return miss })
	c := r.client()
	c.say(getLine(r.split(20).keys))
	c.hear(miss)
	c.say("get k1\r\n")
	c.hear(miss)
	if n := r.figures().Pools[0].Fragments; n != 2 {
		t.Errorf("%d fragments, want one for each server", n)
	}
}
