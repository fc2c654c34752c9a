package backend

import (
	"strings"
	"testing"
	"time"

	"magent/ascii"
)

// age makes the requests [from, to) look as if they had waited longer than the deadline without
// progress, and runs tick.
func (r *rig) age(from, to int) {
	r.t.Helper()
	r.do(func() {
		for i := from; i < to; i++ {
			r.c.fifo.at(i).at -= int64(r.c.opt.Timeout) + 1
		}
		r.c.work.at = min(r.c.work.at, r.c.l.Now()-int64(r.c.opt.Timeout)-1)
		r.c.tick()
	})
}

const noReply = "timed out"

// TestConnDeadline: only the late request is lost. Its late reply is discarded, and the replies behind
// it reach their requests.
func TestConnDeadline(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeValues, "get a\r\n", "get b\r\n", "get c\r\n")
	r.age(0, 1)
	r.want(noReply, "0 lost")
	r.quiet()
	p.send("VALUE a 0 1\r\na\r\nEND\r\nVALUE b 0 1\r\nb\r\nEND\r\n")
	r.want("1 VALUE b 0 1|b|END|")
	r.do(r.c.tick)
	r.quiet()
	r.age(0, 1)
	r.want(noReply, "2 lost")
	r.send(ascii.ShapeValues, "get d\r\n")
	p.send("VALUE c 0 1\r\nc\r\nEND\r\n")
	p.send("VALUE d 0 1\r\nd\r\nEND\r\n")
	r.want("0 VALUE d 0 1|d|END|")
	r.quiet()
	r.do(func() {
		if s := r.c.Stats; s.Timeouts != 2 || s.Errors != 2 || s.Replies != 2 || r.c.given != 0 {
			t.Errorf("statistics: %+v, %d given up", s, r.c.given)
		}
		if err := r.c.Err(); err == nil || !strings.Contains(err.Error(), ErrTimeout.Error()) {
			t.Errorf("error: %v", err)
		}
	})
}

// TestConnDeadlineByTheClock is the same with the loop's timers: the deadline fires for each request.
func TestConnDeadlineByTheClock(t *testing.T) {
	r := newRig(t, "tcp", Options{Timeout: 15 * time.Millisecond})
	p := r.connect()
	for range 3 {
		r.send(ascii.ShapeLine, "a\r\n", "b\r\n")
		p.expect("a\r\nb\r\n")
		r.want(noReply, "0 lost", noReply, "1 lost")
	}
	r.quiet()
	p.send(strings.Repeat("STORED\r\n", 6))
	for n := -1; n != 0; {
		r.do(func() { n = r.c.Pending() })
	}
	r.quiet()
	p.c.Close()
	r.want("disconnected: the server closed the connection, idle: true")
}

// TestConnLostAfterDeadline: requests that were given up are not lost again when the connection ends.
func TestConnLostAfterDeadline(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeLine, "a\r\n", "b\r\n", "c\r\n")
	p.expect("a\r\nb\r\nc\r\n")
	r.age(0, 2)
	r.want(noReply, "0 lost", noReply, "1 lost")
	p.c.Close()
	r.want("disconnected: the server closed the connection, idle: false", "2 lost")
	r.quiet()
}

// TestConnIsNotIdleWithARequestGivenUp: a connection that ends with such a request on it is not idle, as nobody knows
// whether the request was executed.
func TestConnIsNotIdleWithARequestGivenUp(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeLine, "a\r\n", "b\r\n")
	p.expect("a\r\nb\r\n")
	p.send("STORED\r\n")
	r.want("0 STORED|")
	r.age(0, 1)
	r.want(noReply, "1 lost")
	p.c.Close()
	r.want("disconnected: the server closed the connection, idle: false")
}

// closer is a Watcher that closes the connection at the first missed deadline, as if it were one too many.
type closer struct{ *recorder }

func (w closer) TimedOut(c *Conn) {
	w.recorder.TimedOut(c)
	c.Close(ErrTimeout)
}

func TestConnClosedAtADeadline(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.c.watcher = closer{r.recorder}
	p := r.connect()
	r.send(ascii.ShapeLine, "a\r\n", "b\r\n", "c\r\n")
	p.expect("a\r\nb\r\nc\r\n")
	r.age(0, 1)
	// Every request is answered once and in order, after the Watcher was told.
	r.want(noReply, "disconnected: no reply in time, idle: false", "0 lost", "1 lost", "2 lost")
	r.quiet()
	r.do(func() {
		if s := r.c.Stats; s.Timeouts != 1 || s.Errors != 3 {
			t.Errorf("statistics: %+v", s)
		}
	})
}

// TestConnDeadlineBeginsWhenConnected: requests that were collected while connecting have their deadline from the
// moment that they were sent.
func TestConnDeadlineBeginsWhenConnected(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.do(func() {
		r.c.Connect()
		r.c.Send([]byte("a\r\n"), nil, ascii.ShapeLine, r, 0)
		r.c.fifo.at(0).at -= 2 * int64(r.c.opt.Timeout)
	})
	p := r.accept()
	r.want("connected")
	r.do(r.c.tick)
	p.expect("a\r\n")
	p.send("STORED\r\n")
	r.want("0 STORED|")
	r.quiet()
}
