package proxy

import (
	"testing"

	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// What all clients together have queued is bounded, however it arrives. A transaction that cannot be executed any
// more holds nothing.
func TestNoRoomForATransaction(t *testing.T) {
	s := testkit.StartRedis(t)
	r := start(t, 1, 0, nil)
	r.reload(toRedis(s))
	c := r.client()
	holds := func(want int) {
		t.Helper()
		r.on(0, func(sh *session.Shard) {
			if *session.Assembly(sh) != want {
				t.Errorf("%d bytes are held, want %d", *session.Assembly(sh), want)
			}
		})
	}
	c.say("MULTI\r\n")
	c.hear("+OK\r\n")
	c.say("SET k 1\r\n")
	c.hear("+QUEUED\r\n")
	holds(len("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n"))
	var full int
	r.on(0, func(sh *session.Shard) {
		full = max(pool.MaxAssembly, 2*sh.Pools[0].RedisLimits.MaxBulk)
		*session.Assembly(sh) += full
	})
	c.say("SET l 1\r\n")
	c.hear("-ERR out of memory collecting the transaction: too much is being collected at once\r\n")
	holds(full)
	c.say("SET m 1\r\n")
	c.hear("+QUEUED\r\n")
	holds(full)
	c.say("EXEC\r\n")
	c.hear("-EXECABORT Transaction discarded because of previous errors.\r\n")
	holds(full)
	r.on(0, func(sh *session.Shard) { *session.Assembly(sh) -= full })
	c.say("MULTI\r\nSET k 2\r\nEXEC\r\n")
	c.hear("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n")
	holds(0)
}
