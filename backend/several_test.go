package backend

import (
	"strings"
	"testing"

	"magent/ascii"
)

// several sends, in one turn, a request with n replies between two others. Their slots are 0 to 2.
func (r *rig) several(n int) {
	r.do(func() {
		r.c.Send([]byte("a\r\n"), nil, ascii.ShapeLine, r, 0)
		r.c.Send([]byte(strings.Repeat("b\r\n", n)), nil, ascii.ShapeLine, r, 1)
		r.c.Several(n)
		r.c.Send([]byte("c\r\n"), nil, ascii.ShapeLine, r, 2)
	})
}

// counts checks how many requests there were, and how many of them got a reply, none, or none in time.
func (r *rig) counts(requests, replies, errors, timeouts uint64) {
	r.t.Helper()
	r.do(func() {
		s := r.c.Stats
		if s.Requests != requests || s.Replies != replies || s.Errors != errors || s.Timeouts != timeouts {
			r.t.Errorf("statistics: %+v", s)
		}
	})
}

// TestSeveral checks that a request with several replies takes one place in the queue, and gets all of them, while
// others get theirs.
func TestSeveral(t *testing.T) {
	const n = 1000
	r := newRig(t, "tcp", Options{MaxPending: 4})
	p := r.connect()
	r.several(n)
	r.do(func() {
		if r.c.Full() != HasRoom || r.c.Pending() != 3 {
			t.Errorf("%d requests are pending", r.c.Pending())
		}
	})
	p.send("OK\r\n" + strings.Repeat("STORED\r\n", n-1))
	r.want("0 OK|")
	for range n - 1 {
		r.want("1 STORED|")
	}
	r.do(func() {
		if r.c.Pending() != 2 {
			t.Errorf("with the last reply missing %d requests are pending", r.c.Pending())
		}
	})
	p.send("13\r\nDELETED\r\n")
	r.want("1 13|", "2 DELETED|")
	r.counts(n+2, n+2, 0, 0)
	r.several(1)
	p.send("OK\r\nSTORED\r\nDELETED\r\n")
	r.want("0 OK|", "1 STORED|", "2 DELETED|")
	r.quiet()
}

// TestSeveralLost checks that the replies that are missing are lost at once.
func TestSeveralLost(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.several(5)
	p.send("OK\r\nSTORED\r\nSTORED\r\n")
	r.want("0 OK|", "1 STORED|", "1 STORED|")
	p.expect("a\r\n" + strings.Repeat("b\r\n", 5) + "c\r\n")
	p.c.Close()
	r.want("disconnected: the server closed the connection, idle: false", "1 lost", "2 lost")
	r.quiet()
	r.counts(7, 3, 4, 0)
}

// TestSeveralLate checks that the late replies to a request that was given up are discarded, and no others.
func TestSeveralLate(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.several(5)
	p.send("OK\r\nSTORED\r\nSTORED\r\n")
	r.want("0 OK|", "1 STORED|", "1 STORED|")
	r.age(0, 1)
	r.want(noReply, "1 lost")
	p.send("12\r\n12\r\n")
	r.do(r.c.tick)
	r.quiet()
	p.send("12\r\nDELETED\r\n")
	r.want("2 DELETED|")
	r.quiet()
	r.counts(7, 4, 3, 3)
	r.do(func() {
		if r.c.given != 0 || r.c.Pending() != 0 {
			t.Errorf("%d are given up, %d pending", r.c.given, r.c.Pending())
		}
	})
}
