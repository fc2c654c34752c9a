package backend

import (
	"errors"
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/testkit"
)

// healthy returns a connection for which every rule holds. It is established, and has a request that was given up,
// one that is waiting, and a joint get that is not finished. It has no server.
func (r *rig) healthy() *Conn {
	c := NewConn(r.l, Options{Name: "server", MaxJoint: 4, Timeout: time.Hour, Strict: true}, r)
	c.state, c.work, c.given, c.open, c.marked = ready, newProgress(), 1, 2, true
	for _, e := range []entry{{}, {to: r}, {to: r, joined: true, more: true}, {to: r, joined: true}} {
		*c.fifo.push() = e
	}
	c.l.Set(c.clock, time.Hour)
	return c
}

// TestBrokenRules checks that each rule at a field of Conn is asserted.
func TestBrokenRules(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	empty := func(c *Conn, s state) { c.state, c.fifo, c.given, c.open = s, fifo{}, 0, 0 }
	for rule, breaks := range map[string]func(c *Conn){
		"":                                    func(*Conn) {},
		"something is left of the connection": func(c *Conn) { c.state = down },
		"requests were sent before the connection":      func(c *Conn) { c.state = greeting },
		"collected requests were not sent":              func(c *Conn) { c.early = []byte("x") },
		"it was shut, but is not down":                  func(c *Conn) { c.shut = true },
		"a connect waits for the drains":                func(c *Conn) { c.wanted = true },
		"more requests are given up than there are":     func(c *Conn) { c.given = 5 },
		"a request that is given up has an owner":       func(c *Conn) { c.given = 2 },
		"a request that is waiting has no owner":        func(c *Conn) { c.given = 0 },
		"a joint get continues behind the last request": func(c *Conn) { c.fifo.at(3).more = true },
		"has more keys than requests":                   func(c *Conn) { c.open = 5 },
		"an unfinished line is not a joint get":         func(c *Conn) { c.open = 3 },
		"or will not be finished":                       func(c *Conn) { c.marked = false },
		"without counting as progress":                  func(c *Conn) { c.work.moved = progressBytes },
		"a request is waiting without":                  func(c *Conn) { c.l.Unset(c.clock) },
		"a connection is being made without":            func(c *Conn) { empty(c, connecting); c.l.Unset(c.clock) },
		"a connection is being drained without":         func(c *Conn) { empty(c, down); c.wanted = true },
		"have other sizes than their bytes":             func(c *Conn) { c.early = []byte("x"); c.checkEarly() },
	} {
		said := ""
		r.do(func() {
			c := r.healthy()
			said = testkit.Panic(func() { breaks(c); c.settled() })
			c.l.Unset(c.clock)
		})
		if rule == "" && said != "" || !strings.Contains(said, rule) {
			t.Errorf("%q: it says %q", rule, said)
		}
	}
}

// TestReplyToWhatWasNotSent: the server does not know about a joint get that is not finished, so
// nothing can be a reply to it.
func TestReplyToWhatWasNotSent(t *testing.T) {
	r := newRig(t, "tcp", Options{MaxJoint: 4})
	r.connect()
	r.do(func() {
		r.c.Get([]byte("a"), r, 0)
		if _, err := r.c.take([]byte("END\r\n")); !errors.Is(err, ErrUnasked) {
			t.Errorf("got %v", err)
		}
	})
	r.quiet()
}

// TestLostWithALineOpen: a joint get that is not finished leaves nothing behind for the next connection.
func TestLostWithALineOpen(t *testing.T) {
	r := newRig(t, "tcp", Options{MaxJoint: 4})
	r.connect()
	r.do(func() {
		r.c.Get([]byte("a"), r, 0)
		r.c.Close(ErrShutdown)
	})
	r.want("disconnected: shutting down, idle: false", "0 lost")
	p := r.connect()
	r.get("b")
	p.expect("get b\r\n")
	p.send("END\r\n")
	r.want("0 END|")
}

// TestEachRequestHasADeadline: after one request was given up, the next one still has its own deadline.
func TestEachRequestHasADeadline(t *testing.T) {
	r := newRig(t, "tcp", Options{Timeout: 50 * time.Millisecond})
	p := r.connect()
	for i := range uint16(2) {
		r.do(func() { r.c.Send([]byte("delete a\r\n"), nil, ascii.ShapeLine, r, i) })
		p.expect("delete a\r\n")
		for begin := time.Now(); time.Since(begin) < 5*time.Millisecond; { // they are not due at the same time
			r.do(func() {})
		}
	}
	r.want("timed out", "0 lost", "timed out", "1 lost")
}
