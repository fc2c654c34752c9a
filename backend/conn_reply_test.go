package backend

import (
	"fmt"
	"strings"
	"testing"

	"magent/ascii"
	"magent/internal/testkit"
)

var networks = []string{"tcp", "unix"}

func TestConnMatchesReplies(t *testing.T) {
	for _, network := range networks {
		r := newRig(t, network, Options{})
		p := r.connect()
		r.send(ascii.ShapeLine, "delete a\r\n", "incr b 1\r\n", "set c 0 0 1\r\nx\r\n")
		p.expect("delete a\r\nincr b 1\r\nset c 0 0 1\r\nx\r\n")
		p.send("DELETED\r\n41\r\nSTORED\r\n")
		r.want("0 DELETED|", "1 41|", "2 STORED|")
		r.quiet()
	}
}

// TestConnRepliesSplitAtEveryByte sends replies of every shape in a row, cut in two at every byte.
// Each half is read by itself.
func TestConnRepliesSplitAtEveryByte(t *testing.T) {
	requests := []struct {
		shape       ascii.Shape
		line, reply string
	}{
		{ascii.ShapeValues, "get a b\r\n", "VALUE a 0 5\r\nEND\r\n\r\nVALUE b 1 0\r\n\r\nEND\r\n"},
		{ascii.ShapeLine, "delete a\r\n", "NOT_FOUND\r\n"},
		{ascii.ShapeMeta, "mg a v\r\n", "VA 4 f1\r\nHD\r\n\r\n"},
		{ascii.ShapeValues, "get c\r\n", "END\r\n"},
		{ascii.ShapeStats, "stats\r\n", "STAT a 1\r\nSTAT b 2\r\nEND\r\n"},
		{ascii.ShapeValues, "get d\r\n", "SERVER_ERROR out of memory\r\n"},
		{ascii.ShapeMeta, "mn\r\n", "MN\r\n"},
	}
	var all string
	var want []string
	for i, q := range requests {
		all += q.reply
		want = append(want, fmt.Sprintf("%d %s", i, strings.ReplaceAll(q.reply, "\r\n", "|")))
	}
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	for cut := 1; cut < len(all); cut++ {
		r.do(func() {
			for i, q := range requests {
				r.c.Send([]byte(q.line), nil, q.shape, r, uint16(i))
			}
		})
		for _, q := range requests {
			p.expect(q.line)
		}
		var received uint64
		r.do(func() { received = r.c.Stats.Received })
		p.send(all[:cut])
		for got := received; got < received+uint64(cut); { // the first half has been read before the second is sent
			r.do(func() { got = r.c.Stats.Received })
		}
		p.send(all[cut:])
		r.want(want...)
	}
	r.quiet()
}

func TestConnCollectsWhileConnecting(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	var want string
	r.do(func() {
		r.c.Connect()
		r.c.Connect() // nothing more happens
		for i := range 100 {
			line, body := fmt.Sprintf("set k%d 0 0 5\r\n", i), "12345\r\n"
			want += line + body
			if !r.c.Send([]byte(line), []byte(body), ascii.ShapeLine, r, uint16(i)) {
				t.Errorf("request %d was refused", i)
			}
		}
	})
	p := r.accept()
	p.expect(want)
	r.want("connected")
	p.send(strings.Repeat("STORED\r\n", 100))
	for i := range 100 {
		r.want(fmt.Sprintf("%d STORED|", i))
	}
	var s Stats
	r.do(func() { s = r.c.Stats })
	if s.Requests != 100 || s.Replies != 100 || s.Connects != 1 || s.Sent != uint64(len(want)) || s.Received != 800 ||
		s.Errors+s.Timeouts != 0 {
		t.Errorf("statistics: %+v", s)
	}
}

// TestConnLargeBodies sends large bodies both ways, between small requests, with pauses in reading on both sides.
func TestConnLargeBodies(t *testing.T) {
	for _, network := range networks {
		r := newRig(t, network, Options{})
		p := r.connect()
		const rounds = 8
		body := strings.Repeat("0123456789abcdef", 64<<10) + "\r\n"
		head := fmt.Sprintf("set k 0 0 %d\r\n", len(body)-2)
		r.do(func() {
			for i := range rounds {
				r.c.Send([]byte("get a\r\n"), nil, ascii.ShapeValues, r, uint16(i))
				r.c.Send([]byte(head), []byte(body), ascii.ShapeLine, r, uint16(i))
			}
			if r.c.s.Unsent() == 0 {
				t.Error("the socket has taken everything: this test tests nothing")
			}
		})
		for i := range rounds {
			p.expect("get a\r\n" + head + body)
			p.send(fmt.Sprintf("VALUE a 0 %d\r\n%sEND\r\nSTORED\r\n", len(body)-2, body))
			want := fmt.Sprintf("%d VALUE a 0 %d|%s|END|", i, len(body)-2, body[:len(body)-2])
			if got := testkit.Await(t, "the value", r.events); got != want {
				t.Fatalf("%s: round %d: not the value (%d bytes)", network, i, len(got))
			}
			r.want(fmt.Sprintf("%d STORED|", i))
		}
		r.do(func() {
			if r.c.s.Unsent() > 0 || r.c.s.Kept() > 0 || r.c.Pending() > 0 {
				t.Errorf("left over: %d unsent, %d kept, %d pending", r.c.s.Unsent(), r.c.s.Kept(), r.c.Pending())
			}
		})
	}
}

// again is a Receiver that sends another request from within OnReply.
type again struct {
	r    *rig
	left int
}

func (a *again) OnReply(slot uint16, c *Conn, p *ascii.Reply) {
	if a.left--; a.left >= 0 {
		c.Send([]byte("get x\r\n"), nil, ascii.ShapeValues, a, slot)
		return
	}
	a.r.OnReply(slot, c, p)
}

func TestConnSendFromWithinAReply(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	a := &again{r, 200} // more than the first size of the ring
	r.do(func() { r.c.Send([]byte("get x\r\n"), nil, ascii.ShapeValues, a, 5) })
	for range 201 {
		p.expect("get x\r\n")
		p.send("END\r\n")
	}
	r.want("5 END|")
	r.quiet()
}

func TestConnLimits(t *testing.T) {
	r := newRig(t, "tcp", Options{MaxPending: 3, MaxUnsent: 1 << 20})
	p := r.connect()
	if n := r.send(ascii.ShapeLine, "delete a\r\n", "delete b\r\n", "delete c\r\n", "delete d\r\n"); n != 3 {
		t.Errorf("%d requests accepted, want 3", n)
	}
	p.send("DELETED\r\n")
	r.want("0 DELETED|")
	if n := r.send(ascii.ShapeLine, "delete e\r\n", "delete f\r\n"); n != 1 {
		t.Errorf("one was answered, %d more accepted; want 1", n)
	}
	p.send(strings.Repeat("DELETED\r\n", 3))
	r.want("1 DELETED|", "2 DELETED|", "0 DELETED|")
	p.expect("delete a\r\ndelete b\r\ndelete c\r\ndelete e\r\n")

	for name, state := range map[string]func() *rig{
		"connected": func() *rig {
			r := newRig(t, "tcp", Options{MaxUnsent: 1 << 20})
			r.connect()
			return r
		},
		"connecting": func() *rig {
			r := rigTo(t, Options{MaxUnsent: 1 << 20, Dialer: silent{}})
			r.do(r.c.Connect)
			return r
		},
		"down": func() *rig { return rigTo(t, Options{}) },
	} {
		r := state()
		body := make([]byte, 1<<20)
		accepted := 0
		r.do(func() {
			for r.c.Full() == HasRoom && r.c.Send([]byte("set k 0 0 1048574\r\n"), body, ascii.ShapeLine, r, 0) &&
				accepted < 100 {
				accepted++
			}
		})
		if down := name == "down"; down != (accepted == 0) || accepted >= 100 {
			t.Errorf("%s, nobody reads: %d MiB accepted with a limit of 1 MiB", name, accepted)
		}
	}
}

// silent is a Dialer that never answers.
type silent struct{}

func (silent) Resolve(*Conn) {}
