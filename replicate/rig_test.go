package replicate

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"magent/ascii/asciitest"
	"magent/backend"
	"magent/backend/ring"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/hot"
	"magent/internal/loop"
	"magent/internal/stats"
	"magent/internal/testkit"
	"magent/internal/underway"
	"magent/replicate/repair"
)

// rig is an engine with real connections to a primary and a backup. The test plays both servers. The loop does not run
// by itself: the test turns it, with a clock of its own. So nothing waits in real time, and each run is the same.
type rig struct {
	due int64 // as FlushDue was told

	t          rapid.TB
	l          *loop.Loop
	now        int64
	e          *Engine
	health     *failover.Machine
	conns      []*backend.Conn
	servers    []*server
	underway   *underway.Memory
	count      stats.Counters
	told       []string // events since the last look, without the requests to the servers
	more       []int    // servers for which the engine wants keys to fill
	walking    [2]bool  // the servers for which the host lists keys
	overflowed []int    // servers of which all keys are dirty
	greet      bool     // servers answer the questions of a new connection
}

// rigOptions are what a test chooses.
type rigOptions struct {
	limit      int // consecutive missed deadlines after which a server is ejected
	ackPrimary bool
	remembered int  // the number of dirty keys of a server that are remembered; 0: 1000
	classic    bool // servers have no meta commands
	shared     bool // the backup has keys of other groups, too
	memory     bool // values are kept in memory, at the first request for them
}

// The times of a rig: the deadline of a reply, and the longest wait for the end of a lost connection.
const (
	deadline  = time.Second
	drainTime = 3 * time.Second
)

func newRig(t rapid.TB, opt rigOptions) *rig {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, l: l, now: int64(time.Hour), greet: true,
		health: failover.NewMachine(2, failover.Options{Limit: opt.limit, Strict: true}),
	}
	one := func(name string) *ring.Ring {
		r, err := ring.New("ketama", []ring.Member{{Name: name, Weight: 1}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for i, name := range []string{"p", "b"} {
		s := newServer(t, name, int64(100+i))
		s.classic = opt.classic
		r.servers = append(r.servers, s)
		r.conns = append(r.conns, backend.NewConn(l, backend.Options{
			Strict: true,
			Name:   name, Endpoint: loop.Endpoint{Path: s.path}, Timeout: deadline, ConnectTimeout: deadline,
			DrainTime: drainTime, Quarantine: deadline, MaxPending: 1000, MaxUnsent: 1 << 20, Greet: true,
		}, r))
	}
	if r.underway, err = underway.Create(1, nil); err != nil {
		t.Fatal(err)
	}
	servers := call.NewServers(call.Options{
		Primaries: one("p"), Backups: one("b"), Conns: r.conns, Health: r.health,
		Count: &r.count, Hot: &stats.HotKeys{}, Strict: true,
	})
	servers.Underway = underway.NewPart(r.underway.Table(0), []int{0, 1})
	r.e = New(servers, Options{
		Repair: repair.Options{
			Host: r, UnixTime: func() int64 { return r.now / int64(time.Second) },
			Loops: 1, MaxDirty: cmp.Or(opt.remembered, 1000), Shared: opt.shared,
		},
		AckPrimary: opt.ackPrimary, Memory: r.memory(opt.memory),
	})
	r.settle() // from now on the loop uses the clock of the rig
	for _, c := range r.conns {
		c.Connect()
	}
	r.settle()
	for i, c := range r.conns {
		if !c.Ready() || !r.health.Readable(i) {
			t.Fatalf("%s: %v", r.servers[i].name, c.Err())
		}
	}
	return r
}

// memory returns one that lets keys in at once, if it is wanted.
func (r *rig) memory(wanted bool) Memory {
	if !wanted {
		return Memory{}
	}
	cache := hot.New(hot.Options{Size: 1 << 20, Refresh: 20 * deadline, Often: 1, Strict: true})
	return Memory{Cache: cache, Now: r.l.Now}
}

// close frees the descriptors.
func (r *rig) close() {
	for _, s := range r.servers {
		s.close()
	}
	r.l.Discard()
	r.underway.Close()
}

// maxTurns bounds the turns of settle. More of them mean that something goes on for ever.
const maxTurns = 10000

// settle turns the loop until nothing moves.
func (r *rig) settle() {
	r.t.Helper()
	for quiet, turns := 0, 0; quiet < 2; turns++ {
		if turns == maxTurns {
			r.t.Fatalf("there is no end to it; at last: %q", r.told[max(0, len(r.told)-5):])
		}
		r.now++
		n, err := r.l.Step(r.now)
		if err != nil {
			r.t.Fatal(err)
		}
		quiet++
		for _, s := range r.servers {
			if s.receive(r.greet) || n > 0 {
				quiet = 0
			}
		}
		for len(r.more) > 0 {
			i := r.more[0]
			r.more = r.more[1:]
			if r.e.Distrusted(i) {
				r.e.Cleanse(i, r.servers[i].mem.keys(), true)
				r.more = append(r.more, i)
				continue
			}
			r.e.Fill(i, r.servers[1-i].mem.keys(), true)
			quiet = 0
		}
		if len(r.overflowed) > 0 {
			r.overflow()
			quiet = 0
		}
		if r.refill() {
			quiet = 0
		}
	}
}

// pass advances the clock, in steps that end at the next deadline.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	for end := r.now + int64(d); r.now < end; r.settle() {
		r.now = min(end, r.now+int64(deadline/4))
	}
}

// refill ejects a server that lacks keys and can be filled. It reports whether there was one.
func (r *rig) refill() bool {
	for i, c := range r.conns {
		if r.health.Readable(i) && r.e.Incomplete(i) && r.e.CanFill(i) && c.Ready() {
			c.Close(backend.ErrRefill)
			c.Connect()
			return true
		}
	}
	return false
}

// say sends a request of a client.
func (r *rig) say(who call.Client, text string) {
	r.t.Helper()
	req := asciitest.Parse(r.t, text)
	r.t.Logf("asked: %s", testkit.Line(text))
	r.e.Do(r.e.NewCall(who), req)
}

// returns connects to an ejected server again, as after a successful probe.
func (r *rig) returns(i int) {
	if !r.health.Usable(i) {
		r.conns[i].Connect()
	}
}

func (r *rig) tell(format string, args ...any) {
	r.told = append(r.told, fmt.Sprintf(format, args...))
	r.t.Logf(format, args...)
}

// Recognized and the methods below do what internal/pool does: the rig is the Watcher and the Host of its pool.
func (r *rig) Recognized(c *backend.Conn) bool {
	i := r.index(c)
	switch r.health.Meet(i, failover.Meeting{Greeting: c.Greeting(), Replies: c.Stats.Replies, Empty: -1}) {
	case failover.Complete:
		return true
	case failover.Doubtful:
		r.t.Fatalf("%s is doubtful: %+v", r.servers[i].name, c.Greeting())
	}
	r.e.Emptied(i)
	return !r.e.CanFill(i)
}

func (r *rig) index(c *backend.Conn) int {
	if c == r.conns[0] {
		return 0
	}
	return 1
}

// Connected begins the return of a server.
func (r *rig) Connected(c *backend.Conn) {
	i := r.index(c)
	r.e.Forget()
	if !r.health.Usable(i) && r.e.Spare(i) {
		r.tell("%s is spared", r.servers[i].name)
	}
	if r.e.Incomplete(i) && r.e.CanFill(i) && r.health.HardFailure(i, r.now) {
		r.gone(i)
	}
	r.admit()
}

func (r *rig) admit() {
	for i, c := range r.conns {
		if c.Ready() && !r.health.Usable(i) && !r.conns[1-i].Connecting() {
			r.health.Return(i, r.now)
		}
	}
	for i := range r.conns {
		if r.health.Server(i).State == failover.Returning && !r.e.Returns(i) {
			r.tell("%s returns", r.servers[i].name)
			r.e.Returned(i)
		}
	}
}

func (r *rig) gone(i int) {
	r.tell("%s ejected", r.servers[i].name)
	r.e.Gone(i)
}

// Disconnected ejects a server.
func (r *rig) Disconnected(c *backend.Conn, _ error, idle bool) {
	i := r.index(c)
	r.e.Forget()
	if idle && r.health.Server(i).State == failover.Up {
		c.Connect()
	} else if r.health.HardFailure(i, r.now) {
		r.gone(i)
	}
}

// TimedOut counts a missed deadline. It ejects the server if there were too many.
func (r *rig) TimedOut(c *backend.Conn) {
	i := r.index(c)
	if r.health.SoftFailure(i, c.Stats.Replies, r.now) {
		r.gone(i)
		c.Close(c.Err())
	}
}

func (r *rig) Warming(i int) {
	r.health.Warm(i, r.now)
	r.tell("%s warming", r.servers[i].name)
	r.walks(i, false)
	r.walking[i] = true
	r.more = append(r.more, i)
}

// walks checks whether keys for server i are being listed.
func (r *rig) walks(i int, want bool) {
	if r.walking[i] != want {
		r.t.Errorf("%s: the host lists keys: %v", r.servers[i].name, r.walking[i])
	}
}

func (r *rig) More(i int) {
	r.walks(i, true)
	r.more = append(r.more, i)
}
func (r *rig) Flushed(int)      {}
func (r *rig) Overflowed(i int) { r.overflowed = append(r.overflowed, i) }

// overflow flushes the servers of which all keys are dirty, or takes them out of use.
func (r *rig) overflow() {
	for _, i := range r.overflowed {
		if r.e.Overflow(i, true) && r.health.HardFailure(i, r.now) {
			r.gone(i)
			r.conns[i].Close(backend.ErrRefill)
			r.conns[i].Connect()
		}
	}
	r.overflowed = nil
}

func (r *rig) Unflushable(i int, reply string) {
	r.tell("%s refuses to be flushed: %q", r.servers[i].name, reply)
}
func (r *rig) FlushedShared(i int) { r.tell("%s was flushed for others, too", r.servers[i].name) }

// FlushDue does not carry the flush_all out.
func (r *rig) FlushDue(due int64) {
	switch {
	case due == r.due:
	case due == 0:
		r.tell("host: nothing to flush")
	default:
		r.tell("host: to flush in %d s", due-r.now/int64(time.Second))
	}
	r.due = due
}

func (r *rig) Abandoned(i int) {
	r.walks(i, true)
	r.walking[i] = false
}

func (r *rig) Resynced(i int) {
	r.walking[i] = false
	if r.health.Readmit(i, r.now) {
		r.tell("%s up", r.servers[i].name)
	}
	r.e.Supply(i)
}

// listener is a client whose replies become events of the rig.
type listener struct {
	r    *rig
	name string
}

func (c listener) Answer(answered *call.Call, reply []byte) {
	c.r.tell("%s: %s", c.name, testkit.Line(string(reply)))
	answered.Release()
}

// nextRequest removes the first request from what a server has received; nil: it is not complete.
func nextRequest(in []byte) (req, rest []byte) {
	i := bytes.IndexByte(in, '\n') + 1
	if i == 0 {
		return nil, in
	}
	words := strings.Fields(string(in[:i]))
	size := -1
	switch {
	case len(words) > 4 && strings.Contains(" set add replace append prepend cas ", " "+words[0]+" "):
		_, _ = fmt.Sscan(words[4], &size)
	case len(words) > 2 && words[0] == "ms":
		_, _ = fmt.Sscan(words[2], &size)
	}
	if n := i + size + 2; size >= 0 && n <= len(in) {
		return in[:n], in[n:]
	} else if size >= 0 {
		return nil, in
	}
	return in[:i], in[i:]
}
