package backend

import (
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"magent/ascii"
)

// TestProgress has what happens on a connection after a request was sent at time 0, and whether a later request is
// given up. The deadline is 100.
func TestProgress(t *testing.T) {
	const d = 100
	type step struct {
		at    int64
		bytes int // 0: a reply
	}
	steady := func(from, to, every int64, bytes int) (out []step) {
		for at := from; at <= to; at += every {
			out = append(out, step{at, bytes})
		}
		return out
	}
	for name, w := range map[string]struct {
		steps      []step
		sent       int64
		due        int64 // of that request, after these steps
		fault      bool  // at that time
		faultLater bool  // one deadline later, if nothing else has come
		patient    bool
	}{
		"nothing comes":              {nil, 0, d, true, true, false},
		"nothing comes, sent later":  {nil, 50, 50 + d, true, true, false},
		"a reply":                    {[]step{{60, 0}}, 0, 60 + d, true, true, false},
		"a reply before it was sent": {[]step{{60, 0}}, 70, 70 + d, true, true, false},
		"bytes":                      {[]step{{60, progressBytes}}, 0, 60 + d, true, true, false},
		"bytes, in two parts": {
			[]step{{30, progressBytes / 2}, {60, progressBytes / 2}}, 0, 60 + d, true, true, false,
		},
		"a byte too few":             {[]step{{60, progressBytes - 1}}, 0, d, true, true, false},
		"drop by drop":               {steady(0, 500, 1, 1), 0, d, true, true, false},
		"bytes all the time":         {steady(0, 999, 50, progressBytes), 0, 10 * d, false, true, false},
		"a large reply, slowly":      {steady(0, 999, 99, progressBytes), 0, 10 * d, false, true, false},
		"small replies all the time": {steady(0, 999, 50, 0), 0, 10 * d, true, true, false},
		"many small replies, of some bytes each": {
			append(steady(0, 999, 1, progressBytes/50), steady(0, 999, 1, 0)...), 0, 10 * d, false, true, false,
		},
		"a reply of a Redis, all the time":     {steady(0, 2999, 50, progressBytes), 0, 2950 + d, true, true, true},
		"a Redis, small replies all the time":  {steady(0, 999, 50, 0), 0, 10 * d, true, true, true},
		"a Redis, nothing comes":               {nil, 0, d, true, true, true},
		"a Redis, bytes that came in its time": {steady(0, 500, 50, progressBytes), 0, 500 + d, true, true, true},
	} {
		p := newProgress()
		p.patient = w.patient
		for _, s := range w.steps {
			if s.bytes == 0 {
				p.replied(s.at)
			} else {
				p.move(s.bytes, s.at)
			}
		}
		due := p.due(w.sent, d)
		if due != w.due || p.fault(w.sent, due, d) != w.fault || p.fault(w.sent, due+d, d) != w.faultLater {
			t.Errorf("%s: due at %d, the server's fault: %v, later: %v", name, due, p.fault(w.sent, due, d),
				p.fault(w.sent, due+d, d))
		}
		if due > w.sent+int64(MaxWait(d)) && !w.patient {
			t.Errorf("%s: due at %d: too late", name, due)
		}
	}
}

// pass makes everything on the connection look as if it had happened that much earlier, and runs tick.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	r.do(func() {
		for i := range r.c.fifo.len() {
			r.c.fifo.at(i).at -= int64(d)
		}
		r.c.work.at = max(r.c.work.at, math.MinInt64/2) - int64(d)
		r.c.work.flow = max(r.c.work.flow, math.MinInt64/2) - int64(d)
		r.c.tick()
	})
}

// most is a large part of a rig's deadline.
const most = 40 * time.Minute

// dripped sends a text in pieces, with most of a deadline between them.
func (r *rig) dripped(p *peer, text string, piece int) {
	r.t.Helper()
	for len(text) > 0 {
		n := min(piece, len(text))
		want := r.received() + uint64(n)
		p.send(text[:n])
		r.until("the bytes", func() bool { return r.c.Stats.Received >= want || len(r.events) > 0 })
		r.pass(most)
		text = text[n:]
	}
}

func (r *rig) received() (n uint64) {
	r.do(func() { n = r.c.Stats.Received })
	return n
}

const miss = "END\r\n"

func valueOf(size int) string {
	return fmt.Sprintf("VALUE a 0 %d\r\n%s\r\nEND\r\n", size, strings.Repeat("v", size))
}

func shown(reply string) string { return strings.ReplaceAll(reply, "\r\n", "|") }

// TestConnBusyServerIsWaitedFor: a server that is busy with earlier requests loses none and is not blamed, although
// each takes longer than the deadline.
func TestConnBusyServerIsWaitedFor(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeValues, "get a\r\n", "get a\r\n", "get a\r\n", "get b\r\n")
	value := valueOf(1 << 16)
	r.dripped(p, strings.Repeat(value, 3)+miss, 20<<10)
	r.want("0 "+shown(value), "1 "+shown(value), "2 "+shown(value), "3 END|")
	r.quiet()
}

// TestConnDripIsNoProgress: a server that sends only a few bytes at a time is given up like one that hangs.
func TestConnDripIsNoProgress(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeValues, "get a\r\n", "get b\r\n")
	r.dripped(p, valueOf(1 << 16)[:2000], 1000)
	r.want(noReply, "0 lost", noReply, "1 lost")
}

// TestConnHangInAReply: a server that stops in the middle of a reply is noticed.
func TestConnHangInAReply(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeValues, "get a\r\n", "get b\r\n")
	r.dripped(p, valueOf(1 << 16)[:50_000], 50_000)
	r.quiet()
	r.pass(most)
	r.want(noReply, "0 lost", noReply, "1 lost")
}

// TestConnLateRepliesAreProgress: large replies are progress even if nobody waits for them any more. So they do not
// make later requests fail.
func TestConnLateRepliesAreProgress(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeValues, "get a\r\n")
	r.pass(2 * most)
	r.want(noReply, "0 lost")
	r.send(ascii.ShapeValues, "get b\r\n")
	r.dripped(p, valueOf(1<<16)+miss, 20<<10)
	r.want("0 END|")
	r.quiet()

	r.send(ascii.ShapeValues, "get a\r\n")
	r.pass(2 * most)
	r.want(noReply, "0 lost")
	r.send(ascii.ShapeValues, "get b\r\n")
	r.pass(most)
	r.dripped(p, miss, len(miss)) // the reply to a is too small to be progress for b
	r.want(noReply, "0 lost")
}

// TestConnRequestsAreProgress: it is progress if the server takes requests slowly, until it hangs.
func TestConnRequestsAreProgress(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	body := strings.Repeat("b", 32<<20)
	r.send(ascii.ShapeLine, body)
	unsent := func() (n int) {
		r.do(func() { n = r.c.s.Unsent() })
		return n
	}
	buf := make([]byte, 8<<20)
	passes := 0
	for range 4 {
		before := unsent()
		if _, err := io.ReadFull(p.r, buf); err != nil {
			t.Fatal(err)
		}
		if before > 0 {
			r.until("more is sent", func() bool { return r.c.s.Unsent() < before })
			r.pass(most)
			passes++
		}
	}
	if passes < 2 {
		t.Fatal("the socket took all at once: the test shows nothing")
	}
	p.send("STORED\r\n")
	r.want("0 STORED|")
	r.quiet()

	r.send(ascii.ShapeLine, body)
	r.pass(2 * most)
	r.want(noReply, "0 lost")
}

// TestConnWaitIsBounded: a request behind more than the server can answer in time is given up in the end.
// The server is not blamed.
func TestConnWaitIsBounded(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeValues, "get a\r\n", "get b\r\n")
	value := valueOf(1 << 16)
	p.send(value)
	r.want("0 " + shown(value))
	r.do(func() {
		r.c.fifo.at(0).at -= int64(MaxWait(r.c.opt.Timeout)) - int64(time.Minute)
		r.c.tick()
	})
	r.quiet()
	r.do(func() {
		r.c.fifo.at(0).at -= int64(time.Minute)
		r.c.tick()
	})
	r.want("1 lost")
	r.quiet()
}
