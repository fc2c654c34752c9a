package fence

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"magent/backend"
	"magent/internal/loop"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// fake is a server that answers stats conns, and everything else with the line that a version is.
type fake struct {
	mu     sync.Mutex
	listed []string // addresses, beside that of who asks
	hidden bool
	asked  int
}

func (f *fake) set(listed ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listed = listed
}

func (f *fake) questions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fake) serve(c net.Conn) {
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if lines.Text() != "stats conns" {
			_, _ = io.WriteString(c, "VERSION 1.6.18\r\n")
			continue
		}
		f.mu.Lock()
		f.asked++
		var reply strings.Builder
		for i, a := range append([]string{c.RemoteAddr().String()}, f.listed...) {
			fmt.Fprintf(&reply, "STAT %d:addr tcp:%s\r\n", i, a)
		}
		if reply.WriteString("END\r\n"); f.hidden {
			reply.Reset()
			reply.WriteString("ERROR\r\n")
		}
		f.mu.Unlock()
		_, _ = io.WriteString(c, reply.String())
	}
}

// watcher hears of a connection.
type watcher struct{ events chan error }

func (w watcher) Recognized(*backend.Conn) bool { return true }
func (w watcher) Connected(*backend.Conn)       { w.events <- nil }
func (w watcher) TimedOut(*backend.Conn)        {}

func (w watcher) Disconnected(_ *backend.Conn, err error, _ bool) { w.events <- err }

// rig is a loop that connects to a server behind a fence.
type rig struct {
	t       *testing.T
	l       *loop.Loop
	c       *backend.Conn
	f       *Fence
	set     *Set
	events  chan error
	outcome chan Outcome
}

const dead = "127.0.0.1:5" // an address of a dead process

func newRig(t *testing.T, address string, o Options) *rig {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	at := loop.Endpoint{Addr: netip.MustParseAddrPort(address)}
	r := &rig{t: t, l: l, set: NewSet(), events: make(chan error, 100), outcome: make(chan Outcome, 10)}
	o.Find = func(context.Context) ([]loop.Endpoint, error) { return []loop.Endpoint{at}, nil }
	if o.Addresses == nil {
		o.Addresses = []string{dead}
	}
	if o.Timeout == 0 {
		o.Timeout = testkit.Patience
	}
	o.Over = func(x Outcome) { r.outcome <- x }
	r.set.Add(address, o)
	r.f = r.set.Of(address)
	r.c = backend.NewConn(l, backend.Options{
		Name: address, Dialer: r.f.Dialer(l, at, nil), ConnectTimeout: o.Timeout,
	}, watcher{r.events})
	done := make(chan error, 1)
	go run(l, done)
	t.Cleanup(func() {
		l.Post(loop.TaskFunc(func() { r.c.Shut(); l.Stop() }))
		if err := testkit.Await(t, "the loop ends", done); err != nil {
			t.Error(err)
		}
		r.set.Close()
	})
	return r
}

func run(l *loop.Loop, done chan<- error) { done <- l.Run() }

func (r *rig) connect() { r.l.Post(loop.TaskFunc(r.c.Connect)) }

func (r *rig) want(o Outcome, err error) {
	r.t.Helper()
	if got := testkit.Await(r.t, "the outcome", r.outcome); got != o {
		r.t.Errorf("outcome %v, want %v", got, o)
	}
	if got := testkit.Await(r.t, "a connection", r.events); !errors.Is(got, err) {
		r.t.Errorf("got %v, want %v", got, err)
	}
}

func TestClear(t *testing.T) {
	f := &fake{listed: []string{"127.0.0.1:6"}}
	r := newRig(t, testkit.Serve(t, f.serve), Options{Wait: time.Hour})
	if r.set.Clear(r.c.Name()) || r.set.Clear("another") {
		t.Error("it is clear before anybody was asked")
	}
	r.connect()
	r.want(Clear, nil)
	if r.set.Whole = true; !r.set.Clear(r.c.Name()) || !r.set.Clear("another") {
		t.Error("it is not clear")
	}
	r.l.Post(loop.TaskFunc(func() { r.c.Close(backend.ErrReplaced); r.c.Connect() }))
	testkit.Await(t, "the end of the connection", r.events)
	testkit.Await(t, "another one", r.events)
	if n := f.questions(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestListed checks that nothing is connected as long as the server lists a connection of the dead.
func TestListed(t *testing.T) {
	f := &fake{listed: []string{dead}}
	r := newRig(t, testkit.Serve(t, f.serve), Options{Wait: time.Hour})
	r.connect()
	testkit.Until(t, "it is asked again and again", func() bool { return f.questions() > 5 })
	select {
	case o := <-r.outcome:
		t.Fatalf("outcome %v", o)
	case err := <-r.events:
		t.Fatalf("connected: %v", err)
	default:
	}
	f.set()
	r.want(Clear, nil)
}

func TestStays(t *testing.T) {
	f := &fake{listed: []string{dead}}
	r := newRig(t, testkit.Serve(t, f.serve), Options{Wait: time.Millisecond})
	r.connect()
	r.want(Stayed, nil)
	if r.set.Clear(r.c.Name()) {
		t.Error("it counts as clear")
	}
}

func TestHidden(t *testing.T) {
	f := &fake{hidden: true}
	r := newRig(t, testkit.Serve(t, f.serve), Options{Wait: time.Hour})
	r.connect()
	r.want(Hidden, nil)
}

// TestUnknownAddress checks that a server is not asked for what it cannot tell.
func TestUnknownAddress(t *testing.T) {
	f := &fake{}
	r := newRig(t, testkit.Serve(t, f.serve), Options{Wait: time.Hour, Addresses: []string{dead, Unknown}})
	r.connect()
	r.want(Hidden, nil)
	if n := f.questions(); n > 0 {
		t.Errorf("asked %d times", n)
	}
}

// TestDown checks that a server that is down is fenced when it is back.
func TestDown(t *testing.T) {
	address := testkit.DeadAddr(t)
	r := newRig(t, address, Options{Wait: time.Hour})
	for range 2 {
		r.connect()
		if err := testkit.Await(t, "an error", r.events); err == nil {
			t.Fatal("connected")
		}
	}
	if o := r.f.Outcome(); o != Asking {
		t.Errorf("outcome %v", o)
	}
}

// TestHangs checks that a server that does not answer holds up its own connection alone, and for no longer than
// connecting may take.
func TestHangs(t *testing.T) {
	r := newRig(t, testkit.Silent(t), Options{Wait: time.Hour, Timeout: 20 * time.Millisecond})
	r.connect()
	if err := testkit.Await(t, "an error", r.events); !errors.Is(err, backend.ErrConnect) {
		t.Fatalf("got %v", err)
	}
	if o := r.f.Outcome(); o != Asking {
		t.Errorf("outcome %v", o)
	}
}

func TestNoSet(t *testing.T) {
	var s *Set
	if s.Of("a") != nil || s.Clear("a") {
		t.Error("there is a fence")
	}
	s.Close()
}
