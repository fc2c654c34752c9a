package dedicated

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/backend/hello"
	"magent/backend/ring"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/internal/stats"
	"magent/internal/testkit"
	"magent/resp"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// rig is a loop with a Set of connections to a real server. Its fields belong to the loop.
type rig struct {
	t       *testing.T
	l       *loop.Loop
	server  *testkit.Redis
	shared  *backend.Conn
	count   stats.Counters
	set     *Set
	replies chan string
	lost    int
}

// deadline is that of the server: whatever waits for it may wait for so long.
const deadline = testkit.Patience

// nobody watches the connection that all share.
type nobody struct{}

func (nobody) Recognized(*backend.Conn) bool           { return true }
func (nobody) Connected(*backend.Conn)                 {}
func (nobody) Disconnected(*backend.Conn, error, bool) {}
func (nobody) TimedOut(*backend.Conn)                  {}
func (r *rig) Lost(*Line)                              { r.lost++ }
func (r *rig) Message(message []byte)                  { r.replies <- string(message) }
func (r *rig) Moved() bool                             { return false }
func (r *rig) OnReply(_ uint16, _ *backend.Conn, reply *ascii.Reply) {
	if reply.Kind == ascii.Lost {
		r.replies <- "lost"
		return
	}
	r.replies <- string(reply.Raw)
}

func newRig(t *testing.T, most int64) *rig {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, l: l, server: testkit.StartRedis(t), replies: make(chan string, 1000)}
	r.shared = backend.NewConn(l, backend.Options{
		Name: r.server.Addr, Endpoint: loop.Endpoint{Addr: netip.MustParseAddrPort(r.server.Addr)},
		Timeout: deadline, ConnectTimeout: testkit.Patience, MaxPending: 1000, MaxUnsent: 1 << 20,
		Redis: &hello.Login{}, Strict: true,
	}, nobody{})
	one, err := ring.New("ketama", []ring.Member{{Name: r.server.Addr, Weight: 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.set = NewSet(l, call.NewServers(call.Options{
		Primaries: one, Conns: []*backend.Conn{r.shared}, Count: &r.count, Strict: true,
		Health: failover.NewMachine(1, failover.Options{Limit: 1}),
	}), &Bound{Most: most}, func() bool { return r.set.DropIdle() })
	ended := make(chan error, 1)
	go turn(l, ended)
	t.Cleanup(func() {
		l.Post(loop.TaskFunc(l.Stop))
		if err := testkit.Await(t, "the end of the loop", ended); err != nil {
			t.Error(err)
		}
	})
	r.do(r.shared.Connect)
	testkit.Until(t, "connected", func() (ok bool) { r.do(func() { ok = r.shared.Ready() }); return ok })
	return r
}

func turn(l *loop.Loop, ended chan<- error) { ended <- l.Run() }

// do runs f on the loop and waits for it.
func (r *rig) do(f func()) {
	r.t.Helper()
	done := make(chan struct{}, 1)
	r.l.Post(loop.TaskFunc(func() { f(); done <- struct{}{} }))
	testkit.Await(r.t, "the loop", done)
}

func (r *rig) take() (line *Line) {
	r.t.Helper()
	r.do(func() {
		var err error
		if line, err = r.set.Take(0, r); err != nil {
			r.t.Error(err)
		}
	})
	return line
}

// ask has a line carry out a command.
func (r *rig) ask(line *Line, within time.Duration, args ...string) {
	r.do(func() {
		line.Begin(nil, within, true)
		line.Conn().Send(nil, resp.AppendCommand(nil, args...), ascii.ShapeLine, r, 0)
	})
}

func (r *rig) want(reply string) {
	r.t.Helper()
	if got := testkit.Await(r.t, reply, r.replies); got != reply {
		r.t.Fatalf("%q, want %q", got, reply)
	}
}

// figures wants so many connections: with a user, without one, and counted.
func (r *rig) figures(used, idle int, counted int64) {
	r.t.Helper()
	r.do(func() {
		got := fmt.Sprint(len(r.set.used), len(r.set.idle[0]), r.set.bound.used.Load(), r.count.CurrDedicated)
		if want := fmt.Sprint(used, idle, counted, counted); got != want {
			r.t.Errorf("%s connections, want %s", got, want)
		}
	})
}

// TestRefusedIsNotCounted: who asks for one more than there may be, while another loop does the same, takes no place.
func TestRefusedIsNotCounted(t *testing.T) {
	b := Bound{Most: 1}
	if !b.take() || b.take() || b.take() {
		t.Fatal("not one is taken")
	}
	b.give()
	if !b.take() {
		t.Error("the one that was given back is not there")
	}
}

// A connection goes from one user to the next if it is clean. There are no more than the bound says, and those that
// nobody uses make room, or end after a while.
func TestBound(t *testing.T) {
	r := newRig(t, 2)
	a, b := r.take(), r.take()
	r.do(func() {
		if _, err := r.set.Take(0, r); !errors.Is(err, ErrNoneLeft) {
			t.Errorf("the third: %v", err)
		}
	})
	r.ask(a, 0, "BLPOP", "k", "0.001")
	r.want("*-1\r\n")
	r.do(func() { a.Answered(); a.Return(true) })
	r.figures(1, 1, 2)
	if again := r.take(); again != a {
		t.Error("it is another one")
	}
	r.do(func() { a.Return(false) })
	r.figures(1, 0, 1)
	r.ask(b, 0, "BLPOP", "k", "0.001")
	r.want("*-1\r\n")
	r.do(func() { // in one turn: nobody knows how long it is to the next
		b.Answered()
		b.Return(true)
		r.l.Advance(idleTime - time.Second)
		r.set.Trim()
	})
	r.figures(0, 1, 1)
	r.do(func() { r.l.Advance(time.Second); r.set.Trim() })
	r.figures(0, 0, 0)
}

// A connection whose command has a deadline, or may wait, is not for the next user: what ends the one would end what
// the other waits for.
func TestReturnUnanswered(t *testing.T) {
	r := newRig(t, 10)
	for _, tt := range []struct {
		within time.Duration
		waits  bool
	}{{time.Hour, false}, {0, true}} {
		line := r.take()
		r.do(func() {
			line.Begin(nil, tt.within, tt.waits)
			line.Conn().Send(nil, []byte("GET k\r\n"), ascii.ShapeLine, r, 0)
		})
		r.want("$-1\r\n")
		r.do(func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v, %v: it is given back as if it were answered", tt.within, tt.waits)
				}
			}()
			line.Return(true)
		})
		r.do(func() { line.Answered(); line.Return(true) })
		if r.figures(0, 1, 1); r.take() != line {
			t.Error("it is not used again")
		}
		r.do(func() { line.Return(false) })
	}
}

// A client that waits goes on by the server's word. Nobody gets its connection afterwards.
func TestInterrupt(t *testing.T) {
	r := newRig(t, 10)
	line := r.take()
	r.ask(line, 0, "BLPOP", "k", "0")
	r.do(line.Interrupt) // the server has not heard of either yet
	r.want("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
	r.do(func() { line.Answered(); line.Return(true) })
	r.figures(0, 0, 0)

	line = r.take()
	r.ask(line, 0, "BLPOP", "k", "0")
	r.server.Await("INFO clients", "blocked_clients:1\r\n")
	r.do(func() { r.shared.Close(backend.ErrShutdown); line.Interrupt() }) // nobody can be asked
	r.want("lost")
	r.server.Await("INFO clients", "blocked_clients:0\r\n")
	r.figures(0, 0, 0)
}

// TestInterruptOfSlow checks that a server which takes its time is waited for: it may have sent an item.
func TestInterruptOfSlow(t *testing.T) {
	r := newRig(t, 10)
	line := r.take()
	r.ask(line, 0, "BLPOP", "k", "0")
	r.server.Await("INFO clients", "blocked_clients:1\r\n")
	r.server.Pause()
	r.do(func() {
		line.Interrupt()
		r.l.Advance(deadline / 2)
	})
	r.do(func() {}) // timers have run
	r.do(func() {
		if line.Ended() {
			t.Error("it is given up")
		}
	})
	r.server.Resume()
	r.want("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
}

// A server that lets a client wait for longer than it has said is given up.
func TestLimit(t *testing.T) {
	r := newRig(t, 10)
	line := r.take()
	r.ask(line, time.Millisecond, "BLPOP", "k", "0")
	r.want("lost")
	if !errors.Is(line.Conn().Err(), backend.ErrTimeout) || r.lost != 1 {
		t.Errorf("%v, lost %d", line.Conn().Err(), r.lost)
	}
	r.server.Await("INFO clients", "blocked_clients:0\r\n")
	r.figures(0, 0, 0)
}

// A server that replies to some of many commands gets its time again, as long as it goes on.
func TestLimitOfMany(t *testing.T) {
	r := newRig(t, 10)
	line := r.take()
	r.do(func() { line.Begin(nil, time.Hour, false) })
	ask := func() { line.Conn().Send(nil, []byte("GET k\r\n"), ascii.ShapeLine, r, 0) }
	pass := func() { r.do(func() { r.l.Advance(time.Hour) }) }
	for range 3 {
		r.do(ask)
		r.want("$-1\r\n")
		pass()
		r.do(func() {
			if line.Ended() || !line.limit.IsSet() {
				t.Error("it is given up, or has no deadline")
			}
		})
	}
	r.server.Pause()
	r.do(ask)
	pass()
	r.want("lost")
	if !errors.Is(line.Conn().Err(), backend.ErrTimeout) || r.lost != 1 {
		t.Errorf("%v, lost %d", line.Conn().Err(), r.lost)
	}
	r.server.Resume()
}

// Nothing is left of a Set that was left, and nobody gets anything there.
func TestLeave(t *testing.T) {
	r := newRig(t, 10)
	line := r.take()
	r.ask(line, 0, "BLPOP", "k", "0")
	r.do(r.set.Leave)
	r.want("lost")
	r.figures(0, 0, 0)
	r.do(func() {
		if _, err := r.set.Take(0, r); !errors.Is(err, errLeft) {
			t.Error(err)
		}
	})
}
