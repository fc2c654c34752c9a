package proxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/session"
	"magent/internal/testkit"
)

// named is the configuration of a proxy with one server, which is given by name.
func named(f *fake, threads int) config.Config {
	server := f.addr
	server.Host = "cache.test"
	return config.Config{
		Pools: []config.Pool{{
			Listen:  []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 64}},
			Servers: []config.Address{server}, Hash: "md5", Distribution: "ketama", Ack: config.AckAll,
			Timeout: time.Hour, ConnectTimeout: testkit.Patience, ServerFailureLimit: 1,
			ProbeInterval: time.Millisecond,
		}},
		Threads: threads, MaxClients: 10, MaxValue: 1000, MaxDirty: 10_000,
	}
}

func startNamed(t *testing.T, cfg config.Config, lookup discover.LookupFunc) *rig {
	t.Helper()
	svc, err := Start(Options{Config: cfg, Log: zerolog.Nop(), Version: "test", lookup: lookup})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(svc.Close)
	return &rig{t: t, svc: svc}
}

func addrs(texts ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

// A server that listens on one of its name's addresses is found at the start, without an ejection, and again after it
// was away: by each loop, and whichever address it is.
func TestNameWithSeveralAddresses(t *testing.T) {
	for _, found := range [][]netip.Addr{addrs("127.0.0.1", "127.0.0.2"), addrs("127.0.0.2", "::1", "127.0.0.1")} {
		f := newFake(t, 0)
		r := startNamed(t, named(f, 2), func(context.Context, string, string) ([]netip.Addr, error) {
			return found, nil
		})
		up := func(sh *session.Shard) bool { return sh.Pools[0].Health.Readable(0) && sh.Pools[0].Conns[0].Ready() }
		for away := range uint64(4) {
			for id := range 2 {
				r.eventually(id, "connected", up)
				r.on(id, func(sh *session.Shard) {
					p := sh.Pools[0]
					if n := p.Conns[0].Stats.Connects; n != away+1 || away == 0 && p.Figures(0).Ejections > 0 {
						t.Errorf("%v: loop %d: %d connections, %d ejections, the server was away %d times", found, id,
							n, p.Figures(0).Ejections, away)
					}
				})
			}
			r.resets(f)
			for id := range 2 {
				r.eventually(id, "connected again", func(sh *session.Shard) bool {
					return sh.Pools[0].Conns[0].Stats.Connects > away+1
				})
			}
		}
	}
}

// resets has the server end all connections, by which it is ejected, when it knows those of all loops, which have to
// be there: a loop may know of its connection before the fake does.
func (r *rig) resets(f *fake) {
	r.t.Helper()
	var ends []string
	for id := range r.svc.shards {
		r.on(id, func(sh *session.Shard) {
			e, err := sh.Pools[0].Conns[0].Local()
			if err != nil {
				r.t.Error(err)
			}
			ends = append(ends, e.String())
		})
	}
	testkit.Until(r.t, "the connections of all loops are there", func() bool { return f.tryReset(ends) })
}

// tryReset is resets, if the connections from these addresses are among those that there are.
func (f *fake) tryReset(from []string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, addr := range from {
		if !slices.ContainsFunc(f.conns, func(c net.Conn) bool { return c.RemoteAddr().String() == addr }) {
			return false
		}
	}
	for _, c := range f.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	f.conns = nil
	return true
}

// A server that hangs at one address, and answers at another one, is used there.
func TestNameWithAnAddressThatHangs(t *testing.T) {
	f := newFake(t, 0)
	f.answers(func(string) string { return miss })
	hung, err := net.Listen("tcp", net.JoinHostPort("127.0.0.2", strconv.Itoa(f.addr.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	cfg := named(f, 1)
	cfg.Pools[0].ConnectTimeout = 200 * time.Millisecond
	r := startNamed(t, cfg, func(context.Context, string, string) ([]netip.Addr, error) {
		return addrs("127.0.0.2", "127.0.0.1"), nil
	})
	c := r.client()
	r.eventually(0, "up", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Health.Readable(0)
	})
	c.say("get a\r\n")
	c.hear(miss)
}

// A name that nobody knows any more is looked up again, less and less often, and not taken for a server that answers.
func TestNameThatIsGone(t *testing.T) {
	t.Parallel()
	f := newFake(t, 0)
	var gone atomic.Bool
	var asked atomic.Int32
	cfg := named(f, 1)
	cfg.Pools[0].ProbeInterval = 20 * time.Millisecond
	r := startNamed(t, cfg, func(context.Context, string, string) ([]netip.Addr, error) {
		asked.Add(1)
		if gone.Load() {
			return nil, errors.New("no such host")
		}
		return addrs("127.0.0.1"), nil
	})
	up := func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() }
	r.eventually(0, "connected", up)
	gone.Store(true)
	asked.Store(0)
	begin := time.Now()
	r.resets(f)
	// The first look-up is for a new connection, which is made at once.
	r.eventually(0, "three probes", func(*session.Shard) bool { return asked.Load() >= 1+3 })
	if d := time.Since(begin); d < (20+30+45)*time.Millisecond {
		t.Errorf("four look-ups within %v: the probes do not become more seldom", d)
	}
	gone.Store(false)
	r.eventually(0, "connected again", up)
}

// One name server that does not answer for one name delays no other name, and the end of the proxy neither.
func TestNamesAreLookedUpAtTheSameTime(t *testing.T) {
	f := newFake(t, 0)
	cfg := named(f, 2)
	slow := cfg.Pools[0].Servers[0]
	slow.Host = "slow.test"
	cfg.Pools[0].ConnectTimeout = time.Hour
	cfg.Pools[0].Servers = []config.Address{slow, cfg.Pools[0].Servers[0]}
	var started atomic.Bool
	r := startNamed(t, cfg, func(ctx context.Context, _, host string) ([]netip.Addr, error) {
		if host == "slow.test" && started.Swap(true) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return addrs("127.0.0.1"), nil
	})
	for id := range 2 {
		r.eventually(id, "the other one connected", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[1].Ready()
		})
	}
}
