package backend

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/ascii"
	"magent/internal/fleet/forward"
	"magent/internal/testkit"
)

// relayRig is a rig whose connection goes to owners. It is their Maker.
type relayRig struct {
	*rig
	asked chan *Conn // Make was called, and Made was not
	boot  atomic.Int64
}

// The times of a relayRig; its loop's clock moves by itself, but a test does not take so long.
const (
	ownerWait  = time.Hour
	answerTime = 3 * time.Hour
)

func newRelayRig(t testing.TB, change func(*Options)) *relayRig {
	r := &relayRig{asked: make(chan *Conn, 1000)}
	r.boot.Store(int64(1000 * time.Hour))
	opt := Options{
		ConnectTimeout: ownerWait, Timeout: answerTime, DrainTime: time.Millisecond, Quarantine: time.Millisecond,
		Relay: &Relay{Maker: r, Clock: func() time.Duration { return time.Duration(r.boot.Load()) }},
	}
	if change != nil {
		change(&opt)
	}
	r.rig = rigTo(t, opt)
	t.Cleanup(func() { r.do(r.c.Shut) })
	return r
}

func (r *relayRig) Make(c *Conn) { r.asked <- c }

// owner is the other end of a connection.
type owner struct {
	*peer
	epoch uint64
}

// give makes a connection to an owner of an epoch, who says nothing yet.
func (r *relayRig) give(epoch uint64) *owner {
	r.t.Helper()
	c := testkit.Await(r.t, "Make", r.asked)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	f := os.NewFile(uintptr(fds[1]), "owner")
	conn, err := net.FileConn(f)
	f.Close()
	if err != nil {
		r.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	r.t.Cleanup(func() { conn.Close() })
	r.do(func() { c.Made(Link{FD: fds[0], Epoch: epoch}, nil) })
	return &owner{&peer{r.t, conn, bufio.NewReader(conn)}, epoch}
}

// link makes a connection that is ready.
func (r *relayRig) link(epoch uint64) *owner {
	r.t.Helper()
	o := r.give(epoch)
	o.mark(forward.Mark{Kind: forward.Question})
	r.want("connected")
	o.answer(time.Duration(r.boot.Load()))
	return o
}

func (o *owner) mark(m forward.Mark) {
	o.t.Helper()
	o.send(string(forward.AppendMark(nil, m)))
}

// next reads a mark.
func (o *owner) next() (m forward.Mark) {
	o.t.Helper()
	kind, err := o.r.ReadByte()
	if err != nil {
		o.t.Fatal(err)
	}
	m.Kind = forward.Kind(kind)
	number := func() uint64 {
		n, err := binary.ReadUvarint(o.r)
		if err != nil {
			o.t.Fatal(err)
		}
		return n
	}
	if m.Kind == forward.Header {
		m.Epoch = number()
	}
	m.Time = time.Duration(number())
	return m
}

// answer reads the time.
func (o *owner) answer(at time.Duration) {
	o.t.Helper()
	if m := o.next(); m.Kind != forward.Answer || m.Time != at {
		o.t.Fatalf("%+v, want the time %v", m, at)
	}
}

// header reads a header, and returns until when the requests may be carried out.
func (o *owner) header() time.Duration {
	o.t.Helper()
	m := o.next()
	if m.Kind != forward.Header || m.Epoch != o.epoch {
		o.t.Fatalf("%+v, want a header of epoch %d", m, o.epoch)
	}
	return m.Time
}

// requests reads a header and these requests.
func (o *owner) requests(text string) {
	o.t.Helper()
	o.header()
	o.expect(text)
}

// get and set send one request each, in one turn; the slots of the replies count from first.
func (r *relayRig) ask(first int, requests ...string) {
	r.t.Helper()
	r.do(func() {
		for i, request := range requests {
			slot := uint16(first + i)
			var ok bool
			switch {
			case len(request) == 1:
				ok = r.c.Get([]byte(request), r, slot)
			default:
				ok = r.c.Send([]byte(request), nil, ascii.ShapeLine, r, slot)
			}
			if !ok {
				r.t.Errorf("%q was not accepted", request)
			}
		}
	})
}

// ended is the event of the end of a connection.
func ended(err error) string { return fmt.Sprintf("disconnected: %v, idle: false", err) }

// lostFor waits for the loss of requests for a reason.
func (r *relayRig) lostFor(reason error, slots ...int) {
	r.t.Helper()
	for _, slot := range slots {
		r.want(fmt.Sprintf("%d lost: %v", slot, reason))
	}
}

// pass lets time go by on the loop.
func (r *relayRig) pass(d time.Duration) {
	r.t.Helper()
	r.boot.Add(int64(d))
	r.do(func() { r.l.Advance(d) })
}
