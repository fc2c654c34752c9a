package backend

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/ascii"
)

// TestStatsEnded: every end of a connection counts once, and only if the server or the network caused it.
func TestStatsEnded(t *testing.T) {
	for _, c := range []struct {
		err                  error
		eofs, failures, late uint64
	}{
		{ErrClosed, 1, 0, 0},
		{ErrConnect, 0, 0, 1},
		{os.NewSyscallError("read", unix.ETIMEDOUT), 0, 0, 1},
		{os.NewSyscallError("connect", unix.ECONNREFUSED), 0, 1, 0},
		{io.ErrUnexpectedEOF, 0, 1, 0},
		{ErrGarbage, 0, 1, 0},
		{ErrUnasked, 0, 1, 0},
		{fmt.Errorf("%w (%v)", ErrTimeout, time.Second), 0, 0, 0}, // the request was counted
		{ErrRefill, 0, 0, 0},
		{ErrShutdown, 0, 0, 0},
	} {
		var s Stats
		s.ended(c.err)
		if s != (Stats{EOFs: c.eofs, Failures: c.failures, ConnectTimeouts: c.late}) {
			t.Errorf("%v: %+v", c.err, s)
		}
	}
}

// TestQueue has a connection that is being made, one whose requests the server has read, and one
// whose requests it has not.
func TestQueue(t *testing.T) {
	r := newRig(t, "tcp", Options{MaxJoint: 4})
	var q Queue
	r.do(func() {
		r.c.Connect()
		r.c.Send([]byte("delete a\r\n"), nil, ascii.ShapeLine, r, 0)
		r.c.Get([]byte("key"), r, 1)
		q = r.c.Queue()
	})
	if want := (Queue{Unsent: 2, UnsentBytes: len("delete a\r\nget key\r\n")}); q != want {
		t.Errorf("while it connects: %+v, want %+v", q, want)
	}
	p := r.accept()
	p.expect("delete a\r\nget key\r\n")
	r.want("connected")
	r.do(func() { q = r.c.Queue() })
	if want := (Queue{Awaited: 2, AwaitedBytes: len("delete a\r\nget key\r\n")}); q != want {
		t.Errorf("when it is there: %+v, want %+v", q, want)
	}
	r.do(func() {
		r.c.Get([]byte("one"), r, 2)
		r.c.Get([]byte("two"), r, 3)
	})
	p.expect("get one two\r\n")
	large := strings.Repeat("v", 64<<20)
	r.do(func() {
		r.c.Send([]byte("set big\r\n"), []byte(large), ascii.ShapeLine, r, 4)
		r.c.Send([]byte("delete b\r\n"), nil, ascii.ShapeLine, r, 5)
		q = r.c.Queue()
	})
	if q.Unsent != 2 || q.Awaited != 4 || q.AwaitedBytes != len("delete a\r\nget key\r\nget one two\r\n") ||
		q.UnsentBytes < 1<<20 {
		t.Errorf("behind what the socket does not take: %+v", q)
	}
	p.send("DELETED\r\nEND\r\n")
	r.want("0 DELETED|", "1 END|")
	r.do(func() { q = r.c.Queue() })
	if q.Unsent != 2 || q.Awaited != 2 || q.AwaitedBytes != len("get one two\r\n") {
		t.Errorf("after two replies: %+v", q)
	}
}
