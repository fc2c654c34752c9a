package proxy

import (
	"errors"
	"strings"
	"testing"
	"time"

	"magent/backend"
	"magent/failover"
	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// Keys may move while a server is out of use if they move among the servers of one role, and the others have all keys.
// They may also move if no server ever had any. Otherwise the reason names the server, the wait, and the restart with
// its price.
func TestMayMove(t *testing.T) {
	up, missed := standing{reached: true}, standing{reached: true, missed: true}
	ejected, returning := standing{reached: true, state: failover.Ejected},
		standing{reached: true, state: failover.Returning}
	warming, never := standing{reached: true, state: failover.Warming}, standing{state: failover.Ejected}
	late := standing{reached: true, late: true}
	for name, c := range map[string]struct {
		primaries, backups bool        // whether keys move among them
		servers            [4]standing // two primaries, two backups
		want               string      // in the error; empty: they may
	}{
		"all up, both": {
			true, true,
			[4]standing{up, up, up, up},
			"those that move among both would be lost: change one of the two lists",
		},
		"all up, one lacks keys":    {true, false, [4]standing{up, up, missed, up}, ""},
		"a primary is out":          {true, false, [4]standing{ejected, up, up, up}, ""},
		"a primary was never there": {true, false, [4]standing{never, up, up, up}, ""},
		"all primaries are out":     {true, false, [4]standing{ejected, returning, up, up}, ""},
		"a primary returns":         {true, false, [4]standing{up, returning, up, up}, ""},
		"a primary is filled":       {true, false, [4]standing{up, warming, up, up}, ""},
		"a backup is out":           {false, true, [4]standing{up, up, up, ejected}, ""},
		"a backup was never there":  {false, true, [4]standing{up, up, never, up}, ""},
		"nobody was ever there":     {true, true, [4]standing{never, never, never, never}, ""},
		"both, a primary is out": {
			true, true,
			[4]standing{up, ejected, up, up},
			"those that move among both would be lost",
		},
		"both, a backup is filled": {
			true, true,
			[4]standing{up, up, up, warming},
			"those that move among both would be lost",
		},
		"both, one was never there": {
			true, true,
			[4]standing{never, up, up, up},
			"those that move among both would be lost",
		},
		"the other role is out": {
			true, false,
			[4]standing{up, up, up, ejected},
			"backup b1, which has to answer for them meanwhile, is ejected",
		},
		"the other role returns": {
			false, true,
			[4]standing{returning, up, up, up},
			"primary p0, which has to answer for them meanwhile, is returning",
		},
		"the other was never there": {
			false, true,
			[4]standing{up, never, up, ejected},
			"primary p1, which has to answer for them meanwhile, is ejected",
		},
		"the other role lacks keys": {
			true, false,
			[4]standing{ejected, up, up, missed},
			"backup b1, which has to answer for them meanwhile, has not got all of them, and primary p0 is ejected",
		},
		"the primaries lack keys": {
			false, true,
			[4]standing{up, missed, ejected, up},
			"primary p1, which has to answer for them meanwhile, has not got all of them, and backup b0 is ejected",
		},
		"the other role is late": {
			false, true,
			[4]standing{up, late, up, up},
			"primary p1, which has to answer for them meanwhile, has not answered all requests yet",
		},
		"the moving role is late":    {false, true, [4]standing{up, up, late, late}, ""},
		"the moving role lacks keys": {true, false, [4]standing{ejected, missed, up, up}, ""},
	} {
		m := &placement.Migration{Primaries: []bool{false, c.primaries}, Backups: []bool{c.backups, false}}
		for i := range c.servers {
			c.servers[i].becomes = []string{"primary", "backup"}[i/2]
			c.servers[i].role, c.servers[i].address = []string{"primary", "backup"}[i/2],
				[]string{"p0", "p1", "b0", "b1"}[i]
		}
		switch err := mayMove(m, c.servers[:]); {
		case c.want == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case err == nil:
			t.Errorf("%s: they may move", name)
		case !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "wait until") ||
			!strings.HasSuffix(err.Error(), restart):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// Where keys are placed in another way, all of them move, and none can be kept. That is allowed while all servers are
// up.
func TestMayRehash(t *testing.T) {
	m := &placement.Migration{Primaries: []bool{true}, Backups: []bool{true}, Rehashed: true}
	servers := standings{{role: "primary", address: "p", reached: true}, {role: "backup", address: "b", reached: true}}
	if err := mayMove(m, servers); err != nil {
		t.Error(err)
	}
	servers[1].state = failover.Warming
	if err := mayMove(m, servers); err == nil ||
		!strings.Contains(err.Error(), "backup b is warming: wait until it is up") {
		t.Errorf("got %v", err)
	}
	servers[1].state, servers[1].late = failover.Up, true
	if err := mayMove(m, servers); err == nil ||
		!strings.Contains(err.Error(), "backup b has not answered all requests yet") {
		t.Errorf("got %v", err)
	}
}

// What the loops know of a server is brought together: it is up if it is on all of them, and lacks something if it
// does on one.
func TestStandings(t *testing.T) {
	r := startAs(t, 10, 1, 1, func(cfg *config.Config) { cfg.Threads = 2 }, backend.FullMeta)
	for id := range 2 {
		r.eventually(id, "connected", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
		})
	}
	look := func() (s standings) {
		for id := range 2 {
			r.on(id, func(sh *session.Shard) { s.note(sh.Pools[0], sh.Pools[0].Config) })
		}
		return s
	}
	p, b := r.servers[0].addr.String(), r.servers[1].addr.String()
	if s := look(); s[0] != (standing{"primary", p, "primary", failover.Up, false, true, false}) ||
		s[1] != (standing{"backup", b, "backup", failover.Up, false, true, false}) || s.strange() {
		t.Errorf("got %+v", s)
	}
	r.on(1, func(sh *session.Shard) {
		sh.Pools[0].TakeOut(0, errors.New("it is taken out of use"))
		sh.Pools[0].Engine.Recall(0, []string{"k"}, false, false)
	})
	if s := look(); s[0] != (standing{"primary", p, "primary", failover.Ejected, true, true, false}) ||
		s[1].state != failover.Up || s[1].missed {
		t.Errorf("got %+v", s)
	}
}

// A pool is not given its first backups as long as a primary owes an answer, even to a client that waits no more: both
// copies would be out of use after the reload, and the backup would lead although it has nothing. Nor do backups
// change then. Once the primary has answered, the reload is carried out, and the primary is used at once.
func TestNoFirstBackupWhileAPrimaryOwesAnswers(t *testing.T) {
	t.Parallel()
	for _, backups := range []int{0, 1} {
		r := startAs(t, 10, 1, backups, func(cfg *config.Config) {
			cfg.Pools[0].Timeout, cfg.Pools[0].ServerFailureLimit = 100*time.Millisecond, 1000
		}, backend.FullMeta)
		p, other := r.servers[0], newFake(t, 2)
		if backups > 0 {
			r.servers[1].answers(forgetful)
		}
		c := r.client()
		c.say("get k\r\n")
		late := p.want("get k\r\n")
		c.line() // SERVER_ERROR, or the backup's answer
		p.answers(forgetful)
		change := func(pools []config.Pool) []config.Pool {
			pools[0].Timeout, pools[0].Backups = testkit.Patience, []config.Address{other.addr}
			return pools
		}
		err := r.svc.Reload(change(r.pools()))
		if err == nil || !strings.Contains(err.Error(), p.addr.String()+
			", which has to answer for them meanwhile, has not answered all requests yet") {
			t.Fatalf("got %v", err)
		}
		if n := len(other.asked); n > 0 {
			t.Errorf("the new backup was asked for %d things", n)
		}
		late.answer(miss)
		r.reload(change)
		r.on(0, func(sh *session.Shard) {
			if !sh.Pools[0].Health.Readable(0) || sh.Pools[0].Engine.Missed(0) {
				t.Error("the primary is not used as it is")
			}
			if sh.Pools[0].Health.Usable(1) || !sh.Pools[0].Engine.Distrusted(1) {
				t.Error("the backup is")
			}
		})
		c.say("get k\r\n")
		c.hear(miss)
	}
}

// Servers that nobody ever reached are replaced by others, all of them, which are taken as they are.
func TestReloadMendsAllNames(t *testing.T) {
	var gone []config.Address
	for range 2 {
		a, err := config.ParseAddress(testkit.DeadAddr(t))
		if err != nil {
			t.Fatal(err)
		}
		gone = append(gone, a)
	}
	r := startAs(t, 10, 1, 1, func(cfg *config.Config) {
		cfg.Threads = 2
		cfg.Pools[0].Servers, cfg.Pools[0].Backups = gone[:1], gone[1:]
	}, backend.FullMeta)
	for id := range 2 {
		r.eventually(id, "both are out", func(sh *session.Shard) bool {
			return !sh.Pools[0].Health.Usable(0) && !sh.Pools[0].Health.Usable(1)
		})
	}
	p, b := r.servers[0], r.servers[1]
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Servers, pools[0].Backups = []config.Address{p.addr}, []config.Address{b.addr}
		return pools
	})
	for id := range 2 {
		r.eventually(id, "both are used", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
		})
		r.on(id, func(sh *session.Shard) {
			for i := range 2 {
				if !sh.Pools[0].Health.Readable(i) || sh.Pools[0].Engine.Missed(i) {
					t.Errorf("server %d is not taken as it is", i)
				}
			}
		})
	}
}

// A server that fails between the two looks at it ends the reload. The pool goes on as it was, with the requests that
// waited.
func TestReloadIsRefusedWhileLoopsStandStill(t *testing.T) {
	t.Parallel()
	r, p, _ := pair(t, func(cfg *config.Config) {
		cfg.Pools[0].Timeout, cfg.Pools[0].ServerFailureLimit = 10*time.Second, 1
	})
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	c := r.client()
	c.say("get k\r\n")
	asked := p.want("get k\r\n")
	// The backup is out; keys of the backups may move.
	r.on(0, func(sh *session.Shard) { sh.Pools[0].TakeOut(1, errors.New("it is taken out of use")) })
	other := newFake(t, 2)
	done := make(chan error, 1)
	go reloadTo(r.svc, func() []config.Pool {
		pools := r.pools()
		pools[0].Backups = []config.Address{other.addr}
		pools[0].Listen = append(pools[0].Listen,
			config.Listen{Network: "tcp", Address: testkit.DeadAddr(t), Backlog: 5})
		return pools
	}(), done)
	r.eventually(0, "held", func(sh *session.Shard) bool { return sh.Pools[0].Held })
	c.say("get l\r\n")
	asked.reset() // the primary is out, too
	if err := testkit.Await(t, "the reload", done); err == nil ||
		!strings.Contains(err.Error(), `pool "main": keys would move among the backups, but primary `) {
		t.Fatalf("got %v", err)
	}
	if n := len(r.svc.Addrs()); n != 1 {
		t.Errorf("it listens on %d addresses", n)
	}
	for range 2 {
		if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR ") {
			t.Errorf("the client got %q", line)
		}
	}
	if got := other.asked; len(got) > 0 {
		t.Errorf("the other server was asked for %q", (<-got).text)
	}
}

// A server that keys move to may still hold requests of a time when it hung and left the pool. It does not return at
// once.
func TestMovedServerWaits(t *testing.T) {
	r := startAs(t, 10, 1, 1, func(cfg *config.Config) { cfg.Pools[0].Timeout = pool.DrainTime }, backend.FullMeta)
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	other := newFake(t, 2)
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Servers = []config.Address{other.addr}
		return pools
	})
	r.eventually(0, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	r.on(0, func(sh *session.Shard) {
		if p := sh.Pools[0]; !p.Recalled[0] || p.Health.Usable(0) {
			t.Error("it is used at once")
		}
	})
}
