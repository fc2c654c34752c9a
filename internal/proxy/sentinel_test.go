package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/backend"
	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/redis"
	"magent/internal/session"
	"magent/internal/testkit"
)

// known is the address of a master of that name.
func known(name string, sentinels ...string) config.Address {
	return config.Address{Network: "sentinel", Sentinels: strings.Join(sentinels, ","), Master: name, Weight: 1}
}

// replicated is a proxy with one server, which is a master with a replica and sentinels.
type replicated struct {
	*rig
	master, replica *testkit.Redis
	sentinels       []*testkit.Redis
}

func startReplicated(t *testing.T, threads, sentinels int, change func(*config.Config)) *replicated {
	t.Helper()
	w := &replicated{master: testkit.StartRedis(t)}
	w.replica = testkit.StartReplica(t, w.master)
	w.sentinels = testkit.StartSentinels(t, sentinels, "m", w.master, 1)
	var addrs []string
	for _, s := range w.sentinels {
		addrs = append(addrs, s.Addr)
	}
	cfg := config.Config{
		Pools: []config.Pool{{
			Name: "main", Redis: true,
			Listen:  []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 64}},
			Servers: []config.Address{known("m", addrs...)}, Hash: "md5", Distribution: "ketama",
			Timeout: time.Hour, ConnectTimeout: testkit.Patience, ServerFailureLimit: 1,
			ProbeInterval: 10 * time.Millisecond,
		}},
		Threads: threads, MaxClients: 10, MaxValue: 1000, MaxDirty: 10_000,
	}
	if change != nil {
		change(&cfg)
	}
	svc, err := Start(Options{Config: cfg, Log: zerolog.Nop(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	w.rig = &rig{t: t, svc: svc}
	w.wants(w.master, 0)
	return w
}

// wants waits until all loops are connected to a server, after so many ejections.
func (w *replicated) wants(s *testkit.Redis, ejections uint64) {
	w.t.Helper()
	for id := range w.svc.shards {
		testkit.Eventually(w.t, "connected to "+s.Addr, func() error {
			err := errors.New("it is not")
			w.on(id, func(sh *session.Shard) {
				if p := sh.Pools[0]; p.Conns[0].Ready() && p.Health.Usable(0) &&
					p.Conns[0].Endpoint().String() == s.Addr {
					err = nil
				}
			})
			return err
		})
	}
	w.on(0, func(sh *session.Shard) {
		if n := sh.Pools[0].Figures(0).Ejections; n != ejections {
			w.t.Errorf("%d ejections, want %d", n, ejections)
		}
	})
}

// When the sentinels replace a master that is well, all loops follow without an ejection; what was in flight gets an
// error, and is not waited for.
func TestMasterIsReplaced(t *testing.T) {
	t.Parallel()
	w := startReplicated(t, 2, 3, nil)
	c := w.client()
	c.say("SET a 1\r\n")
	c.hear("+OK\r\n")
	w.master.Await("CLIENT PAUSE 3600000 ALL", "+OK") // it takes connections, and answers nothing
	c.say("SET a 2\r\n")
	w.inFlight(1)
	testkit.Failover(w.sentinels[0], "m")
	if got := c.line(); !strings.HasPrefix(got, "-ERR") || !strings.Contains(got, "another server is the master now") {
		t.Errorf("in flight: %q", got)
	}
	w.wants(w.replica, 0)
	c.say("SET a 3\r\n")
	c.hear("+OK\r\n")
	w.replica.Await("GET a", "3")
}

// inFlight waits until so many requests are.
func (w *replicated) inFlight(n int) {
	w.t.Helper()
	testkit.Eventually(w.t, "in flight", func() error {
		pending := 0
		for id := range w.svc.shards {
			w.on(id, func(sh *session.Shard) { pending += sh.Pools[0].Conns[0].Pending() })
		}
		if pending != n {
			return fmt.Errorf("%d are", pending)
		}
		return nil
	})
}

// When the master dies, or hangs, the new one is connected to once it is announced, although no probe has found it.
func TestMasterDies(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testkit.Redis){
		"dies":  (*testkit.Redis).Kill,
		"hangs": (*testkit.Redis).Pause,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := startReplicated(t, 1, 1, func(cfg *config.Config) {
				cfg.Pools[0].Timeout, cfg.Pools[0].ProbeInterval = 5*time.Second, time.Hour
			})
			c := w.client()
			end(w.master)
			for lost := false; ; {
				c.say("SET a 1\r\n")
				got := c.line()
				if got == "+OK\r\n" {
					break
				}
				if !strings.HasPrefix(got, "-ERR") {
					t.Fatalf("got %q", got)
				}
				if !lost { // the sentinels say nothing before it is ejected
					testkit.LoseMaster(w.sentinels, "m")
					lost = true
				}
			}
			w.wants(w.replica, 1)
		})
	}
}

// What nobody has announced is noticed by asking.
func TestMasterIsAskedFor(t *testing.T) {
	t.Parallel()
	w := startReplicated(t, 1, 1, func(cfg *config.Config) { cfg.ResolveInterval = 10 * time.Millisecond })
	w.svc.shared.Servers.Listen(0, nil)()
	testkit.Failover(w.sentinels[0], "m")
	w.wants(w.replica, 0)
}

// What was announced while nobody listened is asked for as soon as somebody does.
func TestSentinelsAreAskedAtFirst(t *testing.T) {
	t.Parallel()
	w := startReplicated(t, 1, 1, nil)
	w.svc.shared.Servers.Listen(0, nil)()
	ctx, cancel := context.WithCancel(t.Context())
	listening, heard, ended := make(chan bool, 1), make(chan bool, 1), make(chan error, 1)
	go func() {
		ended <- redis.Listen(ctx, access.Dialer{}.Dial, w.sentinels[0].Addr, testkit.Patience, time.Hour,
			func() { listening <- true }, func(redis.Switch) { heard <- true })
	}()
	defer func() { cancel(); <-ended }()
	testkit.Await(t, "listening", listening)
	testkit.Failover(w.sentinels[0], "m")
	testkit.Await(t, "the announcement", heard)
	w.svc.shared.Servers.Listen(0, w.svc.cfgs[0])
	w.follows()
}

// follows waits until the first loop is connected to the replica. Some seconds later it would be in any case: the
// sentinels have the old master end its connections.
func (w *replicated) follows() {
	w.t.Helper()
	w.eventually(0, "connected to the new master", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[0].Endpoint().String() == w.replica.Addr
	})
}

// A sentinel that was away is listened to again.
func TestSentinelIsListenedToAgain(t *testing.T) {
	t.Parallel()
	w := startReplicated(t, 1, 1, nil)
	w.sentinels[0].Kill()
	w.sentinels[0].Restart()
	testkit.Failover(w.sentinels[0], "m")
	w.follows()
}

// A connection that is being made is not given up with what is collected for it: the sentinels are asked again in a
// moment.
func TestMasterIsReplacedWhileConnecting(t *testing.T) {
	w := startReplicated(t, 1, 1, nil)
	asked := make(chan bool, 1)
	w.on(0, func(sh *session.Shard) {
		p := sh.Pools[0]
		c := p.Conns[0]
		c.Close(backend.ErrMoved)
		if !c.Connecting() {
			t.Error("no connection is being made")
		}
		p.SwitchMaster(0, []loop.Endpoint{{Addr: netip.MustParseAddrPort(w.replica.Addr)}}, func() { asked <- true })
		if !errors.Is(c.Err(), backend.ErrMoved) || !c.Connecting() {
			t.Errorf("it was given up: %v", c.Err())
		}
	})
	testkit.Await(t, "the next question", asked)
}
