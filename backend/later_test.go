package backend

import (
	"fmt"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/loop"
	"magent/internal/testkit"
)

// later has so many connections connect later, and then calls f, in the same turn. The last one is that of the rig.
func (r *rig) later(n int, f func(all []*Conn)) {
	r.t.Helper()
	r.do(func() {
		q := &Later{}
		var all []*Conn
		for i := range n {
			c := r.c
			if i < n-1 {
				c = NewConn(r.l, r.c.Options(), r)
			}
			q.Connect(c)
			all = append(all, c)
		}
		f(all)
	})
}

// begun returns how many connections are being made, or are made.
func begun(all []*Conn) (n int) {
	for _, c := range all {
		if c.s.FD() > 0 {
			n++
		}
	}
	return n
}

// Of many connections a few are made in each turn.
func TestLaterIsAFewInATurn(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	var since int64
	var all []*Conn
	done := make(chan struct{})
	var look loop.TaskFunc
	look = func() {
		n, turns := begun(all), int(r.l.Turns-since)
		if n > perTurn*turns {
			t.Errorf("%d connections after %d turns", n, turns)
		}
		if n == len(all) {
			close(done)
			return
		}
		r.l.Post(look) // runs in the next turn
	}
	r.later(100, func(conns []*Conn) {
		all, since = conns, r.l.Turns
		look()
	})
	testkit.Await(t, "all connections", done)
	for range all {
		r.want("connected")
	}
}

// A connection for which there is a request is made at once, in front of others.
func TestLaterIsNowForARequest(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.later(100, func(all []*Conn) {
		if !r.c.Send([]byte("get a\r\n"), nil, ascii.ShapeValues, r, 7) {
			t.Error("the request is not taken")
		}
		if r.c.s.FD() > 0 {
			t.Error("it connects within Send, which may not end it")
		}
		r.l.Post(loop.TaskFunc(func() {
			if r.c.s.FD() <= 0 || begun(all) > 1 {
				t.Errorf("in the next turn %d connections are being made, that with a request: %v", begun(all),
					r.c.s.FD() > 0)
			}
		}))
	})
	p := r.accept()
	p.expect("get a\r\n")
}

// What ends before its turn comes makes no connection, and who waits for it is told. It can connect again.
func TestLaterThatEnds(t *testing.T) {
	for _, shut := range []bool{false, true} {
		r := newRig(t, "tcp", Options{})
		r.later(1, func([]*Conn) {
			r.c.Send([]byte("get a\r\n"), nil, ascii.ShapeValues, r, 7)
			if shut {
				r.c.Shut()
			} else {
				r.c.Close(ErrForbidden)
			}
		})
		why := ErrForbidden
		if shut {
			why = ErrShutdown
		}
		r.want(fmt.Sprintf("disconnected: %v, idle: false", why), "7 never sent")
		if r.accepts(20 * time.Millisecond) {
			t.Error("it is connected to")
		}
		if !shut {
			r.connect()
		}
	}
}

// The time to connect begins when a connection is being made. If the loop does not get to it for that long, it is made
// then.
func TestLaterHasItsWholeTime(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.later(3*perTurn, func([]*Conn) { r.l.Advance(2 * time.Hour) })
	for range 3 * perTurn {
		r.want("connected")
	}
}

// A connection that exists stays, and one that was asked to connect again does so at once.
func TestLaterWhereThereIsOne(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.connect()
	r.later(1, func([]*Conn) {
		if !r.c.Ready() {
			t.Error("the connection has ended")
		}
	})
	r.do(func() { r.c.Close(ErrForbidden) })
	r.want(fmt.Sprintf("disconnected: %v, idle: false", ErrForbidden))
	r.later(1, func([]*Conn) {
		r.c.Connect()
		if r.c.s.FD() <= 0 {
			t.Error("it does not connect")
		}
	})
	r.want("connected")
}

// The end of a lost connection is waited for, as in Connect.
func TestLaterThanADrain(t *testing.T) {
	r, p := hang(t, Options{DrainTime: time.Hour})
	r.later(1, func([]*Conn) {})
	if r.accepts(20 * time.Millisecond) {
		t.Fatal("a new connection is made while the server may still execute what lies in the old one")
	}
	p.c.Close()
	r.accept()
	r.want("connected")
}

// What was found for an attempt that has ended does not begin another one.
func TestLaterThanAnAnswer(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	at := []loop.Endpoint{r.c.opt.Endpoint}
	r.c.opt.Dialer = several(at)
	r.do(func() {
		r.c.Connect()
		r.c.Close(ErrForbidden)
	})
	r.want(fmt.Sprintf("disconnected: %v, idle: false", ErrForbidden))
	r.later(1, func([]*Conn) {
		r.c.Resolved(at, nil)
		if r.c.s.FD() > 0 || !r.c.Connecting() {
			t.Error("it connects with what was found for the attempt before")
		}
	})
	r.want("connected")
}

// A connection to an owner is made by its Maker, at once.
func TestLaterToAnOwner(t *testing.T) {
	r := newRelayRig(t, nil)
	r.do(func() { (&Later{}).Connect(r.c) })
	r.link(1)
}
