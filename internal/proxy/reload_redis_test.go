package proxy

import (
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// toRedis makes a Redis pool of a pool.
func toRedis(s *testkit.Redis) func([]config.Pool) []config.Pool {
	return func(pools []config.Pool) []config.Pool {
		p := &pools[0]
		p.Redis, p.Backups = true, nil
		p.Servers = []config.Address{{Network: "tcp", Host: "127.0.0.1", Port: s.Port, Weight: 1}}
		return pools
	}
}

// A pool of memcacheds that becomes a Redis pool sends its clients away, also one whose requests are held. The next
// ones find a Redis.
func TestReloadToRedis(t *testing.T) {
	r := start(t, 1, 0, nil)
	s := testkit.StartRedis(t)
	idle, busy := r.client(), r.client()
	idle.say("get k\r\n")
	r.servers[0].want("get k\r\n").answer(miss)
	idle.hear(miss)
	busy.say("get k\r\n")
	a := r.servers[0].want("get k\r\n")
	done := make(chan error, 1)
	go reloadTo(r.svc, toRedis(s)(r.pools()), done)
	r.eventually(0, "held", func(sh *session.Shard) bool { return sh.Pools[0].Held })
	busy.say("get l\r\n")
	a.answer(miss)
	busy.hear(miss)
	if err := testkit.Await(t, "the reload", done); err != nil {
		t.Fatal(err)
	}
	idle.ended()
	busy.ended()
	c := r.client()
	c.say("SET k 1\r\n")
	c.hear("+OK\r\n")
	s.Await("GET k", "1")
	r.on(0, func(sh *session.Shard) {
		if n := sh.Pools[0].Count.CurrConnections; n != 1 {
			t.Errorf("%d clients are counted", n)
		}
	})
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Redis, pools[0].Servers = false, []config.Address{r.servers[0].addr}
		return pools
	})
	c.ended()
}

// What memcacheds had missed is of no concern to Redis servers, be they at the same addresses.
func TestReloadToRedisInherits(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	p.leave()
	r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(0) })
	c.say("set k 0 0 1\r\nx\r\n")
	r.servers[1].want("set k 0 0 1\r\nx\r\n").answer("STORED\r\n")
	c.hear("STORED\r\n")
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Redis, pools[0].Backups = true, nil
		return pools
	})
	r.on(0, func(sh *session.Shard) {
		pool := sh.Pools[0]
		if d := pool.Engine.Dirty(0); d.Len() > 0 || d.All() || pool.Recalled[0] || pool.Recorder() != nil {
			t.Errorf("%d dirty keys, all: %v, recalled: %v", d.Len(), d.All(), pool.Recalled[0])
		}
	})
}

// Another database is selected on connections made anew, while clients stay; for another password they have to come
// again.
func TestReloadLogin(t *testing.T) {
	s := testkit.StartRedis(t)
	r := start(t, 1, 0, nil)
	r.reload(toRedis(s))
	c := r.client()
	c.say("SET k 0\r\n")
	c.hear("+OK\r\n")
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].RedisDB = 3
		return pools
	})
	c.say("GET k\r\n")
	c.hear("$-1\r\n")
	s.Await("CONFIG SET requirepass secret", "+OK")
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].RedisAuth = "secret"
		return pools
	})
	c.ended()
	c = r.client()
	c.say("SET k 3\r\n")
	if got := c.line(); got[:7] != "-NOAUTH" {
		t.Errorf("got %q", got)
	}
	c.say("AUTH secret\r\nSET k 3\r\n")
	c.hear("+OK\r\n+OK\r\n")
}

// A master that is given by its sentinels takes the place of a server, and is not listened for any more when it has
// gone.
func TestReloadToSentinels(t *testing.T) {
	t.Parallel()
	master, other := testkit.StartRedis(t), testkit.StartRedis(t)
	testkit.StartReplica(t, master)
	sentinel := testkit.StartSentinels(t, 1, "m", master, 1)[0]
	r := start(t, 1, 0, nil)
	r.reload(toRedis(other))
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Servers = []config.Address{known("m", sentinel.Addr)}
		return pools
	})
	c := r.client()
	c.say("SET k 1\r\n")
	c.hear("+OK\r\n")
	master.Await("GET k", "1")
	listeners := func(want string) {
		t.Helper()
		sentinel.Await("CLIENT LIST TYPE pubsub", want)
	}
	listeners("id=")
	r.reload(toRedis(other))
	listeners("$0")
	c.say("GET k\r\n")
	c.hear("$-1\r\n")
}
