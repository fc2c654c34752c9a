package backend

import (
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/loop"
	"magent/internal/testkit"
)

// permit is one whose mind the test decides. It is used on the loop.
type permit struct {
	*recorder
	no   bool
	last loop.Endpoint // that was announced
}

func (p *permit) May() bool { return !p.no }

func (p *permit) Announce(_ *Conn, local loop.Endpoint) {
	p.last = local
	p.events <- "announce"
}

func (p *permit) Ended(_ *Conn, local loop.Endpoint, gone bool) {
	p.events <- fmt.Sprintf("ended: gone %v, the last one %v", gone, local == p.last)
}

// permitted is a rig with a permit, whose connection is being announced.
func permitted(t *testing.T, opt Options) (*rig, *permit, *peer) {
	r := newRig(t, "tcp", opt)
	p := &permit{recorder: r.recorder}
	r.c.opt.Permit = p
	r.do(r.c.Connect)
	s := r.accept()
	r.want("announce")
	if want := s.c.RemoteAddr().String(); p.last.String() != want {
		t.Fatalf("announced %v, want %v", p.last, want)
	}
	return r, p, s
}

// announce has the connection carry requests.
func (r *rig) announce(p *permit) {
	r.t.Helper()
	r.do(func() { r.c.Announced(p.last) })
	r.want("connected")
}

func TestRequestsWaitUntilAnnounced(t *testing.T) {
	r, p, s := permitted(t, Options{})
	r.send(ascii.ShapeLine, "set\r\n")
	r.do(func() {
		r.c.Announced(loop.Endpoint{}) // one that was given up
		if r.c.Ready() || !r.c.Connecting() {
			t.Error("it is ready, and nobody knows of it")
		}
		r.l.Advance(2 * time.Hour) // whatever that takes
	})
	_ = s.c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if b, err := s.r.ReadByte(); err == nil {
		t.Fatalf("the server got %q before the connection was announced", b)
	}
	_ = s.c.SetReadDeadline(time.Now().Add(testkit.Patience))
	r.announce(p)
	s.expect("set\r\n")
	s.send("STORED\r\n")
	r.want("0 STORED|")
	s.c.Close()
	r.want("ended: gone true, the last one true", "disconnected: the server closed the connection, idle: true")
}

func TestEndWhileAnnounced(t *testing.T) {
	for what, end := range map[string]func(s *peer){
		"closed": func(s *peer) { s.c.Close() },
		"reset":  func(s *peer) { s.reset() },
	} {
		t.Run(what, func(t *testing.T) {
			r, p, s := permitted(t, Options{})
			r.send(ascii.ShapeLine, "set\r\n")
			end(s)
			r.want("ended: gone true, the last one true")
			<-r.events // disconnected
			r.want("0 never sent")
			r.do(func() { r.c.Announced(p.last) })
			r.quiet()
		})
	}
}

// TestForbidden: what waits to be written is not, and the connection is reset.
func TestForbidden(t *testing.T) {
	large := make([]byte, loop.LargeWrite)
	for _, body := range [][]byte{nil, large} {
		r, p, s := permitted(t, Options{})
		r.announce(p)
		r.send(ascii.ShapeLine, "one\r\n")
		s.expect("one\r\n")
		r.do(func() {
			p.no = true
			r.c.Send([]byte("two\r\n"), body, ascii.ShapeLine, r, 1)
		})
		r.want("ended: gone false, the last one true",
			"disconnected: another member of the fleet may decide by now, idle: false", "0 lost", "1 lost")
		if b, err := s.r.ReadByte(); err == nil {
			t.Errorf("the server got %q", b)
		} else if opErr := new(net.OpError); !errors.As(err, &opErr) {
			t.Errorf("the server got %v, want a reset", err)
		}
	}
}

// TestForbiddenWhileBlocked: what the socket had no room for is not written later.
func TestForbiddenWhileBlocked(t *testing.T) {
	r, p, s := permitted(t, Options{})
	r.announce(p)
	r.do(func() { r.c.Send([]byte("set\r\n"), make([]byte, 32<<20), ascii.ShapeLine, r, 0) })
	r.do(func() { p.no = true })
	for err := error(nil); err == nil; {
		_, err = s.r.Discard(64 << 10)
	}
	r.want("ended: gone false, the last one true",
		"disconnected: another member of the fleet may decide by now, idle: false", "0 lost")
}

// TestForbiddenToRead: nothing is read either. A server whose replies find no room goes on when they are read, and
// carries out what is behind them.
func TestForbiddenToRead(t *testing.T) {
	for what, givenUp := range map[string]bool{"in use": false, "given up": true} {
		t.Run(what, func(t *testing.T) {
			r, p, s := permitted(t, Options{DrainTime: time.Hour})
			r.announce(p)
			r.send(ascii.ShapeLine, "one\r\n")
			s.expect("one\r\n")
			if givenUp {
				r.do(func() { r.c.Close(ErrTimeout) })
				r.want("ended: gone false, the last one true", "disconnected: no reply in time, idle: false", "0 lost")
			}
			r.do(func() { p.no = true })
			s.send("STORED\r\n")
			if !givenUp {
				r.want("ended: gone false, the last one true",
					"disconnected: another member of the fleet may decide by now, idle: false", "0 lost")
			}
			var err error
			for err == nil || errors.Is(err, io.EOF) { // what was given up is shut down for writing
				_ = s.c.SetReadDeadline(time.Now().Add(testkit.Patience))
				if _, err = s.c.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
					_, err = s.c.Write([]byte("x"))
				}
			}
			if !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE) {
				t.Errorf("the server got %v, want a reset", err)
			}
			r.until("nothing is drained", func() bool { return r.c.Draining() == 0 })
			r.quiet()
		})
	}
}

func TestResetForGood(t *testing.T) {
	r, p, s := permitted(t, Options{DrainTime: time.Hour, Timeout: time.Second})
	r.announce(p)
	r.send(ascii.ShapeLine, "one\r\n")
	s.expect("one\r\n")
	r.do(func() { r.c.Close(ErrTimeout) })
	r.want("ended: gone false, the last one true", "disconnected: no reply in time, idle: false", "0 lost")
	r.do(func() {
		r.c.Connect()
		if r.c.Draining() != 1 {
			t.Error("not drained")
		}
		r.c.Reset()
		r.c.Connect()
		if r.c.Draining() != 0 || r.c.Connecting() {
			t.Error("it goes on")
		}
	})
	if _, err := s.r.ReadByte(); err == nil {
		t.Error("the server got something")
	}
	r.quiet()
}

// TestDrainIsReported: the end of a connection that was given up is seen, and told.
func TestDrainIsReported(t *testing.T) {
	r, p, s := permitted(t, Options{DrainTime: time.Hour})
	r.announce(p)
	r.send(ascii.ShapeLine, "one\r\n")
	s.expect("one\r\n")
	r.do(func() { r.c.Close(ErrTimeout) })
	r.want("ended: gone false, the last one true", "disconnected: no reply in time, idle: false", "0 lost")
	if _, err := s.r.ReadByte(); err == nil {
		t.Error("the server got something")
	}
	s.c.Close()
	r.want("ended: gone true, the last one true")
}
