package proxy

import (
	"errors"
	"strings"
	"testing"
	"time"

	"magent/backend/hello"
	"magent/failover"
	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/standing"
	"magent/internal/testkit"
	"magent/replicate/repair"
)

// What the loops know of a server is brought together: it is up if it is on all of them, and lacks something if it
// does on one.
func TestStandings(t *testing.T) {
	r := startAs(t, 10, 1, 1, func(cfg *config.Config) { cfg.Threads = 2 }, hello.FullMeta)
	for id := range 2 {
		r.eventually(id, "connected", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
		})
	}
	look := func() (s standing.Servers) {
		for id := range 2 {
			r.on(id, func(sh *session.Shard) { s.Note(sh.Pools[0], sh.Pools[0].Config.RoleOf) })
		}
		return s
	}
	p, b := r.servers[0].addr.String(), r.servers[1].addr.String()
	primary := standing.Server{Role: "primary", Address: p, Becomes: "primary", State: failover.Up, Reached: true}
	backup := standing.Server{Role: "backup", Address: b, Becomes: "backup", State: failover.Up, Reached: true}
	if s := look(); s[0] != primary || s[1] != backup || s.Strange() {
		t.Errorf("got %+v", s)
	}
	r.on(1, func(sh *session.Shard) {
		sh.Pools[0].TakeOut(0, errors.New("it is taken out of use"))
		sh.Pools[0].Engine.Recall(0, repair.Past{Keys: []string{"k"}})
	})
	primary.State, primary.Missed = failover.Ejected, true
	if s := look(); s[0] != primary || s[1] != backup {
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
			cfg.Pools[0].ServerFailureLimit = 1000
		}, hello.FullMeta)
		p, other := r.servers[0], newFake(t, 2)
		if backups > 0 {
			r.servers[1].answers(forgetful)
		}
		c := r.client()
		c.say("get k\r\n")
		late := p.want("get k\r\n")
		r.expire(0)
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
		r.eventually(0, "it is heard", func(sh *session.Shard) bool { return sh.Pools[0].Answered() })
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
	}, hello.FullMeta)
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
	r := startAs(t, 10, 1, 1, nil, hello.FullMeta)
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
