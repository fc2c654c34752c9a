package proxy

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// reload changes the pools of the rig, which must succeed.
func (r *rig) reload(change func(pools []config.Pool) []config.Pool) {
	r.t.Helper()
	if err := r.svc.Reload(change(r.pools())); err != nil {
		r.t.Fatal(err)
	}
}

// pools is a copy of the configuration that is served.
func (r *rig) pools() (pools []config.Pool) {
	for _, cfg := range r.svc.cfgs {
		if cfg != nil {
			p := *cfg
			p.Servers, p.Backups, p.Listen = slices.Clone(p.Servers), slices.Clone(p.Backups), slices.Clone(p.Listen)
			pools = append(pools, p)
		}
	}
	return pools
}

// A pool that is not changed keeps its connections, and what is under way there goes on.
func TestReloadWithoutAChange(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get k\r\n")
	a := p.want("get k\r\n")
	r.reload(func(pools []config.Pool) []config.Pool { return pools })
	a.answer("END\r\n")
	c.hear("END\r\n")
	c.say("get k\r\n")
	if b := p.want("get k\r\n"); b.c != a.c {
		t.Error("it is another connection")
	}
}

// A server that is up is as it was: a reload does not say that it is up only now.
func TestReloadKeepsSinceWhen(t *testing.T) {
	r, _, _ := pair(t, nil)
	since := func() (all []int64) {
		r.on(0, func(sh *session.Shard) {
			for _, v := range sh.Pools[0].AllFigures() {
				all = append(all, v.Since)
			}
		})
		return all
	}
	before := since()
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].ProbeInterval = time.Minute
		return pools
	})
	if after := since(); !slices.Equal(before, after) {
		t.Errorf("up since %d, and after the reload %d", before, after)
	}
}

// Another server takes the place of one. A client stays connected; what it has asked before is answered before, and
// what it asks meanwhile waits.
func TestReloadServers(t *testing.T) {
	r := start(t, 1, 0, nil)
	p := r.servers[0]
	other := newFake(t, 1)
	c := r.client()
	c.say("get k\r\n")
	a := p.want("get k\r\n")
	done := make(chan error, 1)
	go reloadTo(r.svc, func() []config.Pool {
		pools := r.pools()
		pools[0].Servers = []config.Address{other.addr}
		return pools
	}(), done)
	r.eventually(0, "held", func(sh *session.Shard) bool { return sh.Pools[0].Held })
	c.say("get l\r\n")
	r.eventually(0, "paused", func(sh *session.Shard) bool {
		for _, s := range session.Sessions(sh) {
			return session.StateOf(s).Paused
		}
		return false
	})
	a.answer("END\r\n")
	c.hear("END\r\n")
	if err := testkit.Await(t, "the reload", done); err != nil {
		t.Fatal(err)
	}
	other.want("get l\r\n").answer("VALUE l 0 1\r\n7\r\nEND\r\n")
	c.hear("VALUE l 0 1\r\n7\r\nEND\r\n")
	if len(p.asked) > 0 {
		t.Errorf("the old server was asked for %q", (<-p.asked).text)
	}
}

func reloadTo(svc *Service, pools []config.Pool, done chan<- error) { done <- svc.Reload(pools) }

// What a server has missed is known after a reload, too, and is repaired.
func TestReloadKeepsWhatServersMissed(t *testing.T) {
	t.Parallel()
	r, c, gone, other := outage(t, 0, nil)
	c.say("delete k\r\n")
	other.want("delete k\r\n").answer("DELETED\r\n")
	c.hear("DELETED\r\n")
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].ProbeInterval = time.Minute // whatever
		return pools
	})
	c.say("get k\r\n")
	other.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
	r.trust()
	for range 2 {
		a := testkit.Await(t, "a reading", other.asked)
		a.answer("EN\r\n")
		key := strings.Fields(a.text)[1]
		gone.want("delete " + key + "\r\n").answer("DELETED\r\n")
	}
	r.clean(0)
	r.back(0)
}

// Pools come and go, with their listeners. Clients of a pool that goes are sent away, those of others are not.
func TestReloadPools(t *testing.T) {
	for _, threads := range []int{1, 3} {
		r := start(t, 1, 0, func(cfg *config.Config) { cfg.Threads = threads })
		p := r.servers[0]
		p.answers(func(string) string { return "END\r\n" })
		second := newFake(t, 1)
		second.answers(func(string) string { return "VALUE k 0 1\r\n2\r\nEND\r\n" })
		c := r.client()
		hear := func(c *client, want string) {
			t.Helper()
			c.say("get k\r\n")
			c.hear(want)
		}
		hear(c, "END\r\n")
		r.reload(func(pools []config.Pool) []config.Pool {
			pool := pools[0]
			pool.Name, pool.Servers = "second", []config.Address{second.addr}
			pool.Listen = []config.Listen{{Network: "tcp", Address: testkit.DeadAddr(t), Backlog: 5}}
			return append(pools, pool)
		})
		addrs := r.svc.Addrs()
		if len(addrs) != 2 {
			t.Fatalf("it listens on %v", addrs)
		}
		conn, err := net.Dial("tcp", addrs[1])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		d := newClient(t, conn)
		hear(d, "VALUE k 0 1\r\n2\r\nEND\r\n")
		hear(c, "END\r\n")
		r.reload(func(pools []config.Pool) []config.Pool { return pools[1:] })
		c.ended()
		hear(d, "VALUE k 0 1\r\n2\r\nEND\r\n")
		if _, err := net.Dial("tcp", addrs[0]); err == nil {
			t.Error("the pool that went is still listened for")
		}
		if got := d.stats("servers"); got["server:0:pool"] != "second" || got["server:1:pool"] != "" {
			t.Errorf("stats servers: %v", got)
		}
	}
}

// When a reload that removes a pool has returned, its address is free.
func TestReloadFreesAddresses(t *testing.T) {
	r := start(t, 1, 0, nil)
	second := newFake(t, 1)
	address := testkit.DeadAddr(t)
	for range 30 {
		r.reload(func(pools []config.Pool) []config.Pool {
			pool := pools[0]
			pool.Name, pool.Servers = "second", []config.Address{second.addr}
			pool.Listen = []config.Listen{{Network: "tcp", Address: address, Backlog: 5}}
			return append(pools, pool)
		})
		r.reload(func(pools []config.Pool) []config.Pool { return pools[:1] })
	}
}

// What cannot be served changes nothing.
func TestReloadIsRefused(t *testing.T) {
	r, p, _ := pair(t, nil)
	taken := testkit.Listen(t)
	free := testkit.DeadAddr(t)
	for want, change := range map[string]func(*config.Pool){
		"address already in use": func(p *config.Pool) {
			p.Listen = []config.Listen{
				{Network: "tcp", Address: free, Backlog: 5},
				{Network: "tcp", Address: taken.Addr().String(), Backlog: 5},
			}
		},
		"is unknown": func(p *config.Pool) { p.Distribution = "x" },
	} {
		pools := r.pools()
		change(&pools[0])
		if err := r.svc.Reload(pools); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := r.svc.Reload(nil); err == nil {
		t.Error("no pools are accepted")
	}
	if _, err := net.Dial("tcp", free); err == nil {
		t.Error("an address is listened on after a reload that was refused")
	}
	c := r.client()
	c.say("get k\r\n")
	p.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
}

// Many reloads under the eyes of clients that do not notice.
func TestReloadUnderLoad(t *testing.T) {
	r := start(t, 2, 2, func(cfg *config.Config) { cfg.Threads = 2 })
	for _, f := range r.servers {
		f.answers(func(text string) string {
			if strings.HasPrefix(text, "set") {
				return "STORED\r\n"
			}
			return "END\r\n"
		})
	}
	stop := make(chan struct{})
	errs := make(chan error, 4)
	for n := range 4 {
		go keepAsking(r.client(), n, stop, errs)
	}
	for n := range 50 {
		r.reload(func(pools []config.Pool) []config.Pool {
			pools[0].Servers[0], pools[0].Servers[1] = pools[0].Servers[1], pools[0].Servers[0]
			pools[0].RefillRate = n
			return pools
		})
	}
	close(stop)
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// keepAsking is a client's goroutine.
func keepAsking(c *client, n int, stop <-chan struct{}, errs chan<- error) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			errs <- nil
			return
		default:
		}
		key := fmt.Sprintf("key%d-%d", n, i)
		if _, err := fmt.Fprintf(c.c, "set %s 0 0 1\r\nx\r\nget %s\r\n", key, key); err != nil {
			errs <- err
			return
		}
		for _, want := range []string{"STORED\r\n", "END\r\n"} {
			if got, err := c.r.ReadString('\n'); err != nil || got != want {
				errs <- fmt.Errorf("client %d, %s: %q, %v", n, key, got, err)
				return
			}
		}
	}
}

// Whoever asks for figures beside the loops gets those of pools that belong together, while pools come and go.
func TestFiguresBesideReloads(t *testing.T) {
	r := start(t, 1, 0, func(cfg *config.Config) { cfg.Threads = 2 })
	one := r.pools()
	var sets [][]config.Pool
	for i := range 20 {
		other := one[0]
		other.Name, other.Listen = fmt.Sprintf("pool%d", i),
			[]config.Listen{{Network: "tcp", Address: testkit.DeadAddr(t), Backlog: 5}}
		if sets = append(sets, append(slices.Clone(one), other)); i%2 > 0 {
			sets = append(sets, one)
		}
	}
	ended := make(chan error, 1)
	go reloadInTurn(r.svc, sets, ended)
	for {
		p, s, err := r.svc.Figures(t.Context())
		if err != nil || len(p.Pools) != len(s.Pools) {
			t.Errorf("%d pools, figures of %d, %v", len(p.Pools), len(s.Pools), err)
		}
		for i := range p.Pools {
			if got := s.Servers[i].Pool; got != p.Pools[i].Name {
				t.Fatalf("the figures of pool %s are given to %s", got, p.Pools[i].Name)
			}
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}

// reloadInTurn goes from one set of pools to the next.
func reloadInTurn(svc *Service, sets [][]config.Pool, ended chan<- error) {
	for _, pools := range sets {
		if err := svc.Reload(pools); err != nil {
			ended <- err
			return
		}
	}
	ended <- nil
}

// However many pools change, each session is looked at once: the loops stand still meanwhile.
func TestReloadLooksAtSessionsOnce(t *testing.T) {
	r, _ := threePools(t, 1)
	for n, path := range r.svc.Addrs() {
		c := newClient(t, testkit.Dial(t, "unix", path))
		c.say("version\r\n")
		c.hear("VERSION test\r\n")
		r.on(0, func(sh *session.Shard) {
			if got := len(session.Sessions(sh)); got != n+1 {
				t.Fatalf("%d sessions of %d", got, n+1)
			}
		})
	}
	r.reload(func(pools []config.Pool) []config.Pool {
		for i := range pools {
			pools[i].ProbeInterval = time.Minute
		}
		return pools
	})
	r.on(0, func(sh *session.Shard) {
		if n := session.Looked(sh); n != 3 {
			t.Errorf("looked at %d sessions", n)
		}
		for _, s := range session.Sessions(sh) {
			if session.StateOf(s).Paused {
				t.Error("a session is paused")
			}
		}
	})
}
