//go:build !race

package backend

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/loop"
)

func TestConnAllocatesNothing(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Discard()
	// The socket of this connection is never used: only Send and take are measured.
	c := NewConn(l, Options{MaxPending: 10, MaxUnsent: 1 << 20, Timeout: 1 << 40}, nil)
	c.state = ready
	c.marked = true
	reply, line := []byte("VALUE a 0 1\r\nx\r\nEND\r\n"), []byte("get a\r\n")
	to := &nobody{}
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.s.Open(l, fd, loop.Readable, c); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(500, func() {
		c.Send(line, nil, ascii.ShapeValues, to, 0)
		if _, err := c.take(reply); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}

	three := bytes.Repeat([]byte("STORED\r\n"), 3)
	if n := testing.AllocsPerRun(500, func() {
		c.Send(nil, nil, ascii.ShapeLine, to, 0)
		c.Several(3)
		if _, err := c.take(three); err != nil || c.Pending() > 0 {
			t.Fatal(err, c.Pending())
		}
	}); n > 0 {
		t.Errorf("several replies: %v allocations", n)
	}

	c.opt.MaxJoint = 10
	key, missed, joint := []byte("a"), []byte("b"), []byte("VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n")
	if n := testing.AllocsPerRun(500, func() {
		for _, k := range [][]byte{missed, key, missed, key, missed} {
			c.Get(k, to, 0)
		}
		c.endJoint()
		if _, err := c.take(joint); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("joint gets: %v allocations", n)
	}
}

type nobody struct{}

func (*nobody) OnReply(uint16, *Conn, *ascii.Reply) {}
