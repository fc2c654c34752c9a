package backend

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/testkit"
)

// hang returns a rig whose server has not read a request on its connection that the proxy has given up.
func hang(t *testing.T, opt Options) (*rig, *peer) {
	t.Helper()
	r := newRig(t, "tcp", opt)
	p := r.connect()
	r.send(ascii.ShapeLine, "set k 0 0 1\r\n")
	r.do(func() { r.c.Close(ErrTimeout) })
	r.want("disconnected: no reply in time, idle: false", "0 lost")
	return r, p
}

// accepts reports whether the server gets a connection within that time.
func (r *rig) accepts(within time.Duration) bool {
	r.t.Helper()
	_ = r.ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(within))
	c, err := r.ln.Accept()
	if err == nil {
		r.t.Cleanup(func() { c.Close() })
	}
	return err == nil
}

// TestDrain: a connection that was given up is shut down and read to its end. A new one is made once
// the server has closed it.
func TestDrain(t *testing.T) {
	r, p := hang(t, Options{DrainTime: time.Hour})
	r.do(r.c.Connect)
	r.do(r.c.Connect)
	if r.accepts(20 * time.Millisecond) {
		t.Fatal("a new connection is made while the server may still execute what lies in the old one")
	}
	p.expect("set k 0 0 1\r\n") // the server goes on
	p.send("STORED\r\n")        // nobody gets that
	if _, err := p.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the server sees %v, want the end", err)
	}
	r.quiet()
	p.c.Close()
	r.accept()
	r.want("connected")
	r.do(func() {
		if n := r.c.Draining(); n != 0 {
			t.Errorf("%d connections are drained", n)
		}
	})
}

// TestDrainEndsEarly: the end comes before the next Connect.
func TestDrainEndsEarly(t *testing.T) {
	r, p := hang(t, Options{DrainTime: time.Hour})
	p.reset()
	r.until("the end is noticed", func() bool { return r.c.Draining() == 0 })
	r.connect()
}

// TestDrainGivesUp: if the end does not come, the connection is reset, and the new one waits for the quarantine.
func TestDrainGivesUp(t *testing.T) {
	r, p := hang(t, Options{DrainTime: time.Millisecond, Quarantine: 30 * time.Millisecond})
	begin := time.Now()
	r.do(r.c.Connect)
	r.accept()
	if d := time.Since(begin); d < 30*time.Millisecond {
		t.Errorf("a new connection after %v, in the quarantine", d)
	}
	r.want("connected")
	if _, err := p.c.Write([]byte("STORED\r\n")); !errors.Is(err, syscall.EPIPE) &&
		!errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a reply to the old connection: %v, want a reset", err)
	}
}

// TestNoDrain: a connection that the server has ended needs no draining.
func TestNoDrain(t *testing.T) {
	for name, end := range map[string]func(*peer){"closed": func(p *peer) { p.c.Close() }, "reset": (*peer).reset} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "tcp", Options{DrainTime: time.Hour})
			p := r.connect()
			r.send(ascii.ShapeLine, "a\r\n")
			p.expect("a\r\n")
			end(p)
			r.do(func() {})
			testkit.Await(t, "the end", r.events)
			r.want("0 lost")
			r.connect()
		})
	}
}

// TestLeave: requests on their way to one server do not delay the connection to another one, at
// any stage of draining.
func TestLeave(t *testing.T) {
	for name, opt := range map[string]Options{
		"draining":   {DrainTime: time.Hour},
		"quarantine": {DrainTime: time.Millisecond, Quarantine: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := hang(t, opt)
			r.do(r.c.Connect)
			if opt.Quarantine > 0 {
				p.expect("set k 0 0 1\r\n")
				if _, err := p.r.ReadByte(); err == nil {
					t.Error("the old connection goes on")
				}
				if _, err := p.r.ReadByte(); err == nil {
					t.Error("the old connection goes on")
				}
			}
			r.do(r.c.Leave)
			r.accept()
			r.want("connected")
			r.do(r.c.Leave)
			r.quiet()
		})
	}
}

// TestReplaced: a connection to a server that was replaced is given up with everything in flight. That is no
// failure, and nothing is drained.
func TestReplaced(t *testing.T) {
	r := newRig(t, "tcp", Options{DrainTime: time.Hour})
	p := r.connect()
	r.send(ascii.ShapeLine, "a\r\n")
	p.expect("a\r\n")
	r.do(func() { r.c.Close(ErrReplaced) })
	r.want("disconnected: another server is the master now, idle: true", "0 lost")
	r.connect()
}
