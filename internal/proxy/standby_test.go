package proxy

import (
	"strings"
	"testing"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/session"
)

// connects has server i connected to again, and waits for that.
func (r *rig) connects(i int) {
	r.t.Helper()
	r.returns(i)
	r.eventually(0, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[i].Ready() })
}

// another has another run of server i take its place, waits until it is connected to and out of use, and for what it
// has to wait for.
func (r *rig) another(i int, begin func(*fake)) {
	r.t.Helper()
	before := r.servers[i].pid.Load()
	begin(r.servers[i])
	r.eventually(0, "another one", func(sh *session.Shard) bool {
		p := sh.Pools[0]
		e, _ := discover.Fixed(r.servers[i].addr)
		p.Alive(i, e)
		return !p.Health.Usable(i) && p.Conns[i].Ready() && p.Conns[i].Identity().PID != before && !p.Recalled[i]
	})
}

// isOut checks that server i is not used, after what has been posted to the loop.
func (r *rig) isOut(i int) {
	r.t.Helper()
	for range 2 { // what the first has posted comes before the second
		r.on(0, func(sh *session.Shard) {
			if p := sh.Pools[0]; p.Health.Usable(i) || p.Engine.Returns(i) {
				r.t.Errorf("server %d is used", i)
			}
		})
	}
}

// answersFor checks that a key is read from the server.
func (f *fake) answersFor(c *client) {
	c.t.Helper()
	c.say("get k\r\n")
	f.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
}

// All servers were away when a proxy started that stands by. It takes the first copy of a key as it is, so that it
// can serve, and leaves the other one alone, whatever comes first. When the address comes, each gets what the other
// one has, before it is read.
func TestStandbyMeetsItsServersLate(t *testing.T) {
	t.Parallel()
	for first := range 2 {
		r := start(t, 1, 1, func(cfg *config.Config) {
			for i, servers := range [][]config.Address{cfg.Pools[0].Servers, cfg.Pools[0].Backups} {
				gone := newFake(t, i)
				gone.leave()
				servers[0] = gone.addr
			}
		})
		r.svc.setStandby(true)
		for i, servers := range [][]config.Address{r.svc.cfg.Pools[0].Servers, r.svc.cfg.Pools[0].Backups} {
			r.away(i)
			r.servers[i] = newFakeAt(t, i, servers[0].String())
			r.servers[i].pid.Store(1000)
			r.servers[i].lists("of" + string(rune('0'+i)))
		}
		c, one, other := r.client(), r.servers[first], r.servers[1-first]
		r.connects(first)
		r.back(first)
		r.connects(1 - first)
		r.isOut(1 - first)
		one.answersFor(c)
		if n := len(one.asked) + len(other.asked); n > 0 {
			t.Errorf("%d requests that nobody wanted", n)
		}

		r.svc.setStandby(false)
		key := "of" + string(rune('0'+first))
		read := one.want("mg " + key + " v f t u\r\n")
		r.inState(1-first, failover.Warming)
		c.say("get k\r\n")
		read.answer("VA 1 f0 t-1\r\n7\r\n")
		one.want("get k\r\n").answer("END\r\n")
		c.hear("END\r\n")
		other.want("ms " + key + " 1 F0 ME\r\n7\r\n").answer("HD\r\n")
		other.want("mg of" + string(rune('0'+1-first)) + " v f t u\r\n").answer("EN\r\n") // and the other way round
		for i := range 2 {
			r.back(i)
		}
	}
}

// One server was away when a proxy started that stands by: the other copy can be read, so it is left alone until the
// address comes, or until the other copy goes.
func TestStandbyMeetsOneServerLate(t *testing.T) {
	t.Parallel()
	for _, goes := range []bool{false, true} {
		r := start(t, 1, 1, func(cfg *config.Config) {
			gone := newFake(t, 0)
			gone.leave()
			cfg.Pools[0].Servers[0] = gone.addr
		})
		r.svc.setStandby(true)
		r.away(0)
		r.servers[0] = newFakeAt(t, 0, r.svc.cfg.Pools[0].Servers[0].String())
		r.servers[0].pid.Store(1000)
		c, b := r.client(), r.servers[1]
		b.lists("k")
		r.connects(0)
		r.isOut(0)
		b.answersFor(c)
		if goes {
			r.on(0, func(sh *session.Shard) { sh.Yielding = true }) // not while another process is about to take over
			b.leave()
			r.away(1)
			r.isOut(0)
			r.on(0, func(sh *session.Shard) {
				sh.Yielding = false
				sh.Pools[0].Admit()
			})
			r.back(0)
			r.servers[0].answersFor(c)
			continue
		}
		r.svc.setStandby(false)
		b.want("mg k v f t u\r\n").answer("EN\r\n")
		r.back(0)
	}
}

// The servers of a proxy that stands by are restarted one after the other, or replaced, and whoever has the address
// makes each good. It goes on being able to serve: from the one that was restarted before. When the address comes,
// the last one is filled from that one; nothing is flushed.
func TestStandbySeesServersRestartedInTurn(t *testing.T) {
	t.Parallel()
	for _, empty := range []bool{true, false} {
		r, p, b := knownPair(t)
		c := r.client()
		lived(c, p)
		r.svc.setStandby(true)
		p.lists("k")
		b.lists("k")
		for n := range 4 {
			i := n % 2
			r.another(i, func(f *fake) {
				if empty {
					f.restarts()
				} else {
					f.becomes("k")
				}
			})
			r.back(1 - i)
			r.isOut(i)
			r.servers[1-i].answersFor(c)
		}
		if n := len(p.asked) + len(b.asked); n > 0 {
			t.Errorf("%d requests that nobody wanted", n)
		}
		r.svc.setStandby(false)
		if !empty { // what it holds is replaced
			p.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
			b.want("ms k 1 F0\r\n7\r\n").answer("HD\r\n")
		}
		p.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
		b.want("ms k 1 F0 ME\r\n7\r\n").answer("HD\r\n")
		b.want("mg k v f t u\r\n").answer("EN\r\n") // p may lack it
		for i := range 2 {
			r.back(i)
		}
	}
}

// What a server missed while this proxy had the address is not read, even if no other copy is left.
func TestStandbyKeepsDirtyKeys(t *testing.T) {
	t.Parallel()
	r, c, gone, other := outage(t, 0, nil)
	r.svc.setStandby(true)
	r.connects(0)
	other.leave()
	r.away(1)
	r.isOut(0)
	c.say("get first\r\n")
	if got := c.line(); !strings.HasPrefix(got, "SERVER_ERROR") {
		t.Errorf("a client got %q", got)
	}
	r.svc.setStandby(false)
	gone.want("delete first\r\n").answer("DELETED\r\n")
	r.back(0)
}

// What a proxy that stands by has forgotten, because somebody else has made it good, is forgotten by the next
// process, too.
func TestStandbyRecordsWhatItTakesAsItIs(t *testing.T) {
	t.Parallel()
	r, p, b := remembering(t)
	lived(r.client(), p)
	r.svc.setStandby(true)
	p.lists("k")
	b.lists("k")
	r.another(0, func(f *fake) { f.becomes("k") })
	r.another(1, func(f *fake) { f.becomes("k") })
	r.back(0)
	r.follow()
	r.trust()
	b.want("flush_all\r\n").answer("OK\r\n")
	p.want("mg k v f t u\r\n").answer("EN\r\n")
	r.back(1)
}
