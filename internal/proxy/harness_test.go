package proxy

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// testFlushable is short, for the servers are fakes, which flush everything.
const testFlushable = 20 * time.Millisecond

// testOwnerWait is how long a request waits for an owner: so long that a test has time to elect one (expire).
const testOwnerWait = 30 * time.Second

// testWindow is how many keys a client of a rig may have in flight at first: so many that most tests need not think
// of it.
const testWindow = 32

// rig is a Service in front of scripted servers. Nothing ends by itself in it, unless a test asks for short times.
type rig struct {
	t       testing.TB
	svc     *Service
	servers []*fake // primaries, then backups
}

// start runs a Service with so many servers; change, if not nil, changes its configuration first.
func start(t testing.TB, primaries, backups int, change func(*config.Config)) *rig {
	t.Helper()
	return startAs(t, 0, primaries, backups, change, hello.FullMeta)
}

// startAs is start with servers that have these meta commands, the last form of those given for the rest, and that
// say who they are: processes from pid on, if that is not 0.
func startAs(t testing.TB, pid int64, primaries, backups int, change func(*config.Config),
	meta ...hello.MetaForm,
) *rig {
	t.Helper()
	r := &rig{t: t}
	pool := config.Pool{
		Name:   "main",
		Listen: []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 64}},
		Hash:   "md5", Distribution: "ketama", Ack: config.AckAll,
		Timeout: time.Hour, ConnectTimeout: testkit.Patience, ServerFailureLimit: 2, ProbeInterval: time.Hour,
	}
	for i := range primaries + backups {
		f := newFake(t, i)
		f.meta.Store(int64(meta[min(i, len(meta)-1)]))
		if pid > 0 {
			f.pid.Store(pid + int64(i))
		}
		r.servers = append(r.servers, f)
		if i < primaries {
			pool.Servers = append(pool.Servers, f.addr)
		} else {
			pool.Backups = append(pool.Backups, f.addr)
		}
	}
	cfg := config.Config{
		Pools: []config.Pool{pool}, Threads: 1, MaxClients: 100, MaxValue: 1 << 20, MaxDirty: 10_000,
		DrainTime: testkit.Patience,
	}
	if change != nil {
		change(&cfg)
	}
	return r.serve(Options{
		Config: cfg, Log: zerolog.Nop(), Version: "test", maxJoint: 1, window: testWindow,
		flushable: testFlushable, ownerWait: testOwnerWait,
	})
}

// serve starts the Service of a rig.
func (r *rig) serve(o Options) *rig {
	r.t.Helper()
	t := r.t
	svc, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	r.svc = svc
	return r
}

// oldPair is a pair without meta commands, so that a key about which the copies disagree is deleted on the backup and
// not copied there.
func oldPair(t testing.TB, change func(*config.Config)) (r *rig, p, b *fake) {
	t.Helper()
	r = startAs(t, 0, 1, 1, change, hello.NoMeta)
	return r, r.servers[0], r.servers[1]
}

// pair is a rig with one primary and one backup.
func pair(t testing.TB, change func(*config.Config)) (r *rig, p, b *fake) {
	t.Helper()
	r = start(t, 1, 1, change)
	return r, r.servers[0], r.servers[1]
}

// place names the servers of a key by their index.
func (r *rig) place(key string) (p, b int) {
	r.t.Helper()
	rings, err := placement.New(&r.svc.cfg.Pools[0])
	if err != nil {
		r.t.Fatal(err)
	}
	h := rings.Hash([]byte(key))
	if rings.Backups == nil {
		return rings.Primaries.Pick(h), -1
	}
	return rings.Primaries.Pick(h), rings.Primaries.Len() + rings.Backups.Pick(h)
}

// on runs f on the loop of a shard and waits for it.
func (r *rig) on(id int, f func(*session.Shard)) {
	r.t.Helper()
	done := make(chan struct{}, 1)
	sh := r.svc.shards[id]
	sh.L.Post(loop.TaskFunc(func() { f(sh); done <- struct{}{} }))
	testkit.Await(r.t, "the loop", done)
}

// eventually waits until what is true on the loop of a shard.
func (r *rig) eventually(id int, what string, check func(*session.Shard) bool) {
	r.t.Helper()
	testkit.Until(r.t, what, func() (ok bool) {
		r.on(id, func(sh *session.Shard) { ok = check(sh) })
		return ok
	})
}

// expire waits until server i is the only one whose replies are waited for. Then it has their deadline pass, which is
// an hour or less.
func (r *rig) expire(i int) {
	r.t.Helper()
	r.eventually(0, "only one server is waited for", func(sh *session.Shard) bool {
		for j, conn := range sh.Pools[0].Conns {
			if conn.Connecting() || (conn.Pending() > 0) != (j == i) {
				return false // the time to connect would pass, too
			}
		}
		sh.L.Advance(time.Hour)
		return true
	})
}

// client is a raw connection to the Service.
type client struct {
	t testing.TB
	c net.Conn
	r *bufio.Reader
}

func (r *rig) client() *client {
	r.t.Helper()
	return r.clientOf(0)
}

// clientOf connects to the n-th listener.
func (r *rig) clientOf(n int) *client {
	r.t.Helper()
	return newClient(r.t, testkit.Dial(r.t, "tcp", r.svc.Addrs()[n]))
}

func newClient(t testing.TB, c net.Conn) *client {
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(2 * testkit.Patience))
	return &client{t, c, bufio.NewReader(c)}
}

func (c *client) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.c, text); err != nil {
		c.t.Fatal(err)
	}
}

// hear reads what must be this text. Each text has its own time: a test that hears ten thousand takes longer.
func (c *client) hear(text string) {
	c.t.Helper()
	_ = c.c.SetDeadline(time.Now().Add(2 * testkit.Patience))
	testkit.Hear(c.t, "the client", c.r, text)
}

func (c *client) line() string {
	c.t.Helper()
	text, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("the client got %q: %v", text, err)
	}
	return text
}

// nothing checks that the client has heard everything that it is going to hear.
func (c *client) nothing() {
	c.t.Helper()
	c.say("mn\r\n")
	c.hear("MN\r\n")
}

// ended waits for the end of the connection, with nothing before it.
func (c *client) ended() {
	c.t.Helper()
	if b, err := io.ReadAll(c.r); err != nil || len(b) > 0 {
		c.t.Fatalf("the client got %.300q (%v), want the end", b, err)
	}
}

// stats asks for statistics and returns them by name.
func (c *client) stats(what string) map[string]string {
	c.t.Helper()
	c.say(strings.TrimSpace("stats "+what) + "\r\n")
	out := map[string]string{}
	for {
		line := c.line()
		if line == "END\r\n" {
			return out
		}
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if words[0] != "STAT" || len(words) < 2 {
			c.t.Fatalf("stats %s: %q", what, line)
		}
		if len(words) == 2 {
			words = append(words, "")
		}
		out[words[1]] = words[2]
	}
}
