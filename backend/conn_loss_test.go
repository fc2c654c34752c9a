package backend

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/loop"
	"magent/internal/testkit"
)

// TestConnIsLost tries what a server may do to requests in flight. The Watcher gets the reason first, then each
// request is answered once.
func TestConnIsLost(t *testing.T) {
	for name, c := range map[string]struct {
		shape ascii.Shape
		say   string
		then  func(*peer)
		want  string
	}{
		"closed":                      {ascii.ShapeLine, "", func(p *peer) { p.c.Close() }, ErrClosed.Error()},
		"closed within a reply":       {ascii.ShapeLine, "STOR", func(p *peer) { p.c.Close() }, ErrClosed.Error()},
		"reset":                       {ascii.ShapeLine, "", (*peer).reset, syscall.ECONNRESET.Error()},
		"garbage":                     {ascii.ShapeLine, "HTTP/1.1 400 Bad Request\r\n", nil, ErrGarbage.Error()},
		"a bare line feed":            {ascii.ShapeLine, "STORED\n", nil, ErrGarbage.Error()},
		"a value to a set":            {ascii.ShapeLine, "VALUE a 0 1\r\nx\r\nEND\r\n", nil, ErrGarbage.Error()},
		"STORED to a get":             {ascii.ShapeValues, "STORED\r\n", nil, ErrGarbage.Error()},
		"a value of the wrong length": {ascii.ShapeValues, "VALUE a 0 1\r\nxyz\r\nEND\r\n", nil, ErrGarbage.Error()},
		"an error within values": {
			ascii.ShapeValues, "VALUE a 0 1\r\nx\r\nSERVER_ERROR x\r\n", nil,
			ErrGarbage.Error(),
		},
		"a classic reply to a meta":     {ascii.ShapeMeta, "STORED\r\n", nil, ErrGarbage.Error()},
		"the binary protocol":           {ascii.ShapeMeta, "\x81\x00\x00\x00\r\n", nil, ErrGarbage.Error()},
		"a line that does not end":      {ascii.ShapeLine, strings.Repeat("x", 70<<10), nil, ErrGarbage.Error()},
		"three replies to three, and 1": {ascii.ShapeLine, strings.Repeat("STORED\r\n", 4), nil, ErrUnasked.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "tcp", Options{})
			p := r.connect()
			r.send(c.shape, "a\r\n", "b\r\n", "c\r\n")
			p.expect("a\r\nb\r\nc\r\n")
			p.send(c.say)
			if c.then != nil {
				c.then(p)
			}
			lost := lostAll(3)
			if c.want == ErrUnasked.Error() {
				r.want("0 STORED|", "1 STORED|", "2 STORED|")
				lost = nil
			}
			r.want(fmt.Sprintf("disconnected: %s, idle: false", c.want))
			r.want(lost...)
			r.quiet()
			r.do(func() {
				if r.c.Ready() || r.c.Pending() > 0 || r.c.Err() == nil || r.c.Err().Error() != c.want ||
					r.c.Stats.Errors != uint64(len(lost)) {
					t.Errorf("ready: %v, %d pending, error %v, %d lost", r.c.Ready(), r.c.Pending(), r.c.Err(),
						r.c.Stats.Errors)
				}
			})
			if n := r.send(ascii.ShapeLine, "d\r\n"); n != 0 {
				t.Error("a connection that is down has taken a request")
			}
			// It connects again, and nothing is left of the earlier connection.
			p = r.connect()
			r.send(ascii.ShapeLine, "e\r\n")
			p.expect("e\r\n")
			p.send("STORED\r\n")
			r.want("0 STORED|")
			r.quiet()
		})
	}
}

// TestConnLostAfterSomeReplies: replies that came before the end still reach their requests; only the rest is lost.
func TestConnLostAfterSomeReplies(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeLine, "a\r\n", "b\r\n", "c\r\n")
	p.expect("a\r\nb\r\nc\r\n")
	p.send("STORED\r\nEXIS")
	p.c.Close()
	r.want("0 STORED|", "disconnected: the server closed the connection, idle: false", "1 lost", "2 lost")
	r.quiet()
}

func TestConnUnaskedWhenIdle(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.connect().send("ERROR Too many open connections\r\n")
	r.want("disconnected: a reply that nobody asked for, idle: false")
	r.quiet()
}

func TestConnClosedWhenIdle(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeLine, "a\r\n")
	p.expect("a\r\n")
	p.send("STORED\r\n")
	r.want("0 STORED|")
	p.c.Close()
	r.want("disconnected: the server closed the connection, idle: true")
	r.quiet()
}

func TestConnResetWhenIdleIsAFailure(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.connect().reset()
	r.want("disconnected: connection reset by peer, idle: false")
}

func TestConnClose(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeLine, "a\r\n", "b\r\n")
	r.do(func() {
		r.c.Close(ErrShutdown)
		r.c.Close(ErrShutdown) // nothing more happens
	})
	r.want("disconnected: shutting down, idle: false", "0 lost", "1 lost")
	r.quiet()
	if _, err := p.r.ReadByte(); err == nil {
		p.t.Log("the requests had been sent")
	}
}

func TestConnRefused(t *testing.T) {
	for _, network := range networks {
		r := newRig(t, network, Options{})
		r.ln.Close()
		r.do(func() {
			r.c.Connect()
			r.c.Send([]byte("a\r\n"), nil, ascii.ShapeLine, r, 0) // refused at once on a unix socket, later by TCP
		})
		got := testkit.Await(t, "the end", r.events)
		if !strings.HasPrefix(got, "disconnected: ") || !strings.HasSuffix(got, "idle: false") {
			t.Errorf("%s: %s", network, got)
		}
		if network == "tcp" {
			r.want("0 never sent")
		}
		r.quiet()
	}
}

// TestConnConnectDeadline: the deadline for connecting, if no name server answers and if no server does.
func TestConnConnectDeadline(t *testing.T) {
	full := unanswering(t)
	for name, opt := range map[string]Options{"no address": {Dialer: silent{}}, "no answer": {Endpoint: full}} {
		opt.ConnectTimeout = 20 * time.Millisecond
		r := rigTo(t, opt)
		r.do(func() {
			r.c.Connect()
			r.c.Send([]byte("a\r\n"), nil, ascii.ShapeLine, r, 0)
			r.c.Send([]byte("b\r\n"), nil, ascii.ShapeLine, r, 1)
		})
		r.want("disconnected: no connection in time, idle: false", "0 never sent", "1 never sent")
		r.quiet()
		_ = name
	}
}

// named is a Dialer that answers when it is told to.
type named struct{ asked chan *Conn }

func (d named) Resolve(c *Conn) { d.asked <- c }

func TestConnByName(t *testing.T) {
	ln := testkit.Listen(t)
	d := named{make(chan *Conn, 10)}
	r := rigTo(t, Options{Dialer: d})
	r.ln = ln
	r.do(r.c.Connect)
	testkit.Await(t, "the look-up", d.asked)
	r.do(func() { r.c.Resolved(nil, errors.New("no such host")) })
	r.want("disconnected: no such host, idle: false")
	r.do(func() { r.c.Resolved([]loop.Endpoint{endpoint(ln.Addr())}, nil) }) // too late
	r.quiet()

	r.do(r.c.Connect)
	testkit.Await(t, "the second look-up", d.asked)
	r.do(func() {
		r.c.Resolved([]loop.Endpoint{endpoint(ln.Addr())}, nil)
		r.c.Resolved([]loop.Endpoint{endpoint(ln.Addr())}, nil) // only the first answer counts
	})
	p := r.accept()
	r.want("connected")
	p.c.Close()
	r.want("disconnected: the server closed the connection, idle: false") // it never sent anything
	r.quiet()
}

// TestConnClosedWhenOld: a connection that has lasted may be closed without having brought a reply,
// because nothing was asked.
func TestConnClosedWhenOld(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.do(func() { r.c.since -= int64(lasting) })
	p.c.Close()
	r.want("disconnected: the server closed the connection, idle: true")
}
