package backend

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/loop"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// recorder writes down what a connection tells its Watcher and its Receivers, as lines of text.
type recorder struct{ events chan string }

func (r *recorder) OnReply(slot uint16, c *Conn, p *ascii.Reply) {
	if p.Kind == ascii.Lost && c.relay != nil {
		r.events <- fmt.Sprintf("%d lost: %v", slot, c.err)
		return
	}
	if p.Kind == ascii.Lost && p.Unsent {
		r.events <- fmt.Sprintf("%d never sent", slot)
		return
	}
	if p.Kind == ascii.Lost {
		r.events <- fmt.Sprintf("%d lost", slot)
		return
	}
	r.events <- fmt.Sprintf("%d %s", slot, strings.ReplaceAll(string(p.Raw), "\r\n", "|"))
}

// Recognized accepts every server except those with process number 666.
func (r *recorder) Recognized(c *Conn) bool { return c.Identity().PID != 666 }

func (r *recorder) Connected(*Conn) { r.events <- "connected" }

func (r *recorder) Disconnected(_ *Conn, err error, idle bool) {
	r.events <- fmt.Sprintf("disconnected: %v, idle: %v", err, idle)
}

func (r *recorder) TimedOut(*Conn) { r.events <- "timed out" }

// rig is a running loop with one connection on it, and the listener of its server.
type rig struct {
	*recorder
	t  testing.TB
	l  *loop.Loop
	c  *Conn
	ln net.Listener
}

// newRig listens on a new address of the network, and makes a connection to it that is down.
func newRig(t testing.TB, network string, opt Options) *rig {
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = testkit.SocketPath(t)
	}
	ln := testkit.ListenOn(t, network, addr)
	opt.Endpoint = endpoint(ln.Addr())
	r := rigTo(t, opt)
	r.ln = ln
	return r
}

// rigTo returns a rig without a server.
func rigTo(t testing.TB, opt Options) *rig {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	opt.Name, opt.Strict = "server", true
	for _, d := range []*time.Duration{&opt.Timeout, &opt.ConnectTimeout} {
		if *d == 0 {
			*d = time.Hour
		}
	}
	for _, n := range []*int{&opt.MaxPending, &opt.MaxUnsent} {
		if *n == 0 {
			*n = 1 << 30
		}
	}
	r := &rig{t: t, l: l, recorder: &recorder{events: make(chan string, 100_000)}}
	r.c = NewConn(l, opt, r)
	ended := make(chan error, 1)
	go turn(l, ended)
	t.Cleanup(func() {
		l.Post(loop.TaskFunc(l.Stop))
		if err := testkit.Await(t, "the end of the loop", ended); err != nil {
			t.Error(err)
		}
	})
	return r
}

func turn(l *loop.Loop, ended chan<- error) { ended <- l.Run() }

func endpoint(a net.Addr) loop.Endpoint {
	if a.Network() == "unix" {
		return loop.Endpoint{Path: a.String()}
	}
	return loop.Endpoint{Addr: netip.MustParseAddrPort(a.String())}
}

// do runs f on the loop and waits for it.
func (r *rig) do(f func()) {
	r.t.Helper()
	done := make(chan struct{}, 1)
	r.l.Post(loop.TaskFunc(func() { f(); done <- struct{}{} }))
	testkit.Await(r.t, "the loop", done)
}

// until waits for what is true on the loop.
func (r *rig) until(what string, check func() bool) {
	r.t.Helper()
	testkit.Until(r.t, what, func() (ok bool) {
		r.do(func() { ok = check() })
		return ok
	})
}

// connect starts to connect and returns the server's end.
func (r *rig) connect() *peer {
	r.t.Helper()
	r.do(r.c.Connect)
	p := r.accept()
	r.want("connected")
	return p
}

func (r *rig) accept() *peer {
	r.t.Helper()
	_ = r.ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(testkit.Patience))
	c, err := r.ln.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(testkit.Patience))
	r.t.Cleanup(func() { c.Close() })
	return &peer{r.t, c, bufio.NewReader(c)}
}

// send sends one line per slot, all in one turn, until the connection is full. It returns how many were accepted.
func (r *rig) send(shape ascii.Shape, lines ...string) (accepted int) {
	r.t.Helper()
	r.do(func() {
		for i, line := range lines {
			if r.c.Full() == HasRoom && r.c.Send([]byte(line), nil, shape, r, uint16(i)) {
				accepted++
			}
		}
	})
	return accepted
}

// want waits for the next events, which must be these.
func (r *rig) want(events ...string) {
	r.t.Helper()
	for _, want := range events {
		if got := testkit.Await(r.t, want, r.events); got != want {
			r.t.Fatalf("event %q, want %q", got, want)
		}
	}
}

// quiet fails if there are events that were not waited for.
func (r *rig) quiet() {
	r.t.Helper()
	r.do(func() {})
	if len(r.events) > 0 {
		r.t.Fatalf("unexpected event %q", <-r.events)
	}
}

// peer is the server's end of a connection.
type peer struct {
	t testing.TB
	c net.Conn
	r *bufio.Reader
}

func (p *peer) expect(text string) {
	p.t.Helper()
	testkit.Hear(p.t, "the server", p.r, text)
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.c, text); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) reset() {
	_ = p.c.(*net.TCPConn).SetLinger(0)
	p.c.Close()
}

// lostAll returns the events of n lost requests.
func lostAll(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%d lost", i))
	}
	return slices.Clip(out)
}
