package proxy

import (
	"testing"
	"time"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// A server that keys move to may hold old values of them. What a reload in the middle of that changes does not make
// them readable: the second pool goes on where the first one was.
func TestReloadWhileKeysMove(t *testing.T) {
	t.Parallel()
	r := startAs(t, 10, 1, 1, nil, hello.FullMeta)
	backup := r.servers[1]
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	// No earlier process is waited for.
	r.on(0, func(*session.Shard) { r.svc.shared.Started = time.Now().Add(-2 * time.Hour) })
	other := newFake(t, 2)
	other.pid.Store(12)
	other.dump.Store("key=k exp=-1 la=1 cas=1 fetch=no cls=1 size=1\nEND\r\n")
	other.greet.Lock()
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Servers = []config.Address{other.addr}
		return pools
	})
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].ProbeInterval = time.Minute // whatever
		return pools
	})
	other.greet.Unlock()
	a := testkit.Await(t, "the reading of k", backup.asked)
	if a.text != "mg k v f t u\r\n" {
		t.Fatalf("the backup got %q", a.text)
	}
	a.answer("EN\r\n")
	other.want("delete k\r\n").answer("DELETED\r\n")
	r.back(0)
}

// A server that had not answered everything when its pool was replaced may still execute it: it is not used before
// that is over.
func TestReloadWhileAServerHangs(t *testing.T) {
	r := start(t, 1, 0, nil)
	c := r.client()
	c.say("set k 0 0 1\r\nx\r\n")
	r.servers[0].want("set k 0 0 1\r\nx\r\n")
	r.expire(0)
	c.hear("SERVER_ERROR " + r.servers[0].addr.String() + ": no reply in time (1h0m0s)\r\n")
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].ProbeInterval = time.Minute // whatever
		return pools
	})
	r.on(0, func(sh *session.Shard) {
		if p := sh.Pools[0]; !p.Recalled[0] || p.Health.Usable(0) {
			t.Error("it is used at once")
		}
	})
}

// What the kernel had not sent yet when a pool was replaced may come later than a new connection. It is waited for
// from the reload on, however long the process runs.
func TestReloadWaitsForWhatIsStillSent(t *testing.T) {
	t.Parallel()
	r := startAs(t, 10, 1, 1, func(cfg *config.Config) { cfg.Pools[0].ServerFailureLimit = 1000 }, hello.FullMeta)
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	r.on(0, func(*session.Shard) { r.svc.shared.Started = time.Now().Add(-time.Hour) })
	c := r.client()
	c.say("set k 0 0 1\r\nx\r\n")
	r.servers[0].want("set k 0 0 1\r\nx\r\n") // which it does not answer
	r.servers[1].want("set k 0 0 1\r\nx\r\n").answer("STORED\r\n")
	r.expire(0)
	c.hear("STORED\r\n")
	reloaded := time.Now()
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Timeout = pool.DrainTime
		return pools
	})
	r.eventually(0, "its connection stands, and it is not used", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && !sh.Pools[0].Health.Usable(0)
	})
	r.servers[0].answers(func(string) string { return "DELETED\r\n" })
	r.servers[1].answers(func(string) string { return "EN\r\n" })
	r.eventually(0, "it is used again", func(sh *session.Shard) bool { return sh.Pools[0].Health.Usable(0) })
	if waited := time.Since(reloaded); waited < pool.DrainTime {
		t.Errorf("what was still to be sent was waited for only %v", waited)
	}
}
