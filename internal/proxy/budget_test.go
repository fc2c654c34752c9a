package proxy

import (
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

const (
	testAssembly = 1 << 20
	refusedValue = "SERVER_ERROR out of memory storing object\r\n"
	cutOffLine   = "SERVER_ERROR out of memory reading request\r\n"
)

// narrow has the clients of a rig of one loop share little room.
func (r *rig) narrow() {
	r.t.Helper()
	r.on(0, func(*session.Shard) { r.svc.group.MaxAssembly = testAssembly })
}

// halfSet has a new client send a set in part, and returns when all of that is kept.
func (r *rig) halfSet(line string, sent int) *client {
	r.t.Helper()
	was := r.held()
	c := r.client()
	c.say(line + "\r\n" + strings.Repeat("v", sent))
	r.eventually(0, "half a set", func(sh *session.Shard) bool { return *session.Assembly(sh) >= was+sent })
	return c
}

func (r *rig) held() (n int) {
	r.t.Helper()
	r.on(0, func(sh *session.Shard) { n = *session.Assembly(sh) })
	return n
}

// Room is made by who holds most. Whoever holds less is served as if nothing had happened, and no key is touched.
func TestNoRoomForAValue(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) { cfg.MaxValue = 400_000 })
	r.narrow()
	set := func(c *client, whole, rest string) {
		t.Helper()
		c.say(rest)
		p.want(whole).answer("STORED\r\n")
		b.want(whole).answer("STORED\r\n")
		c.hear("STORED\r\n")
		c.nothing()
	}
	small := r.halfSet("set small 0 0 20000", 10_000)
	hog := r.halfSet("set hog 0 0 400000", 250_000)
	later := r.halfSet("set small 0 0 20000", 10_000)
	fill := testAssembly - r.held() - 250_000
	r.on(0, func(sh *session.Shard) { *session.Assembly(sh) += fill })

	c := r.client()
	whole := "set k 0 0 390000\r\n" + strings.Repeat("b", 390_000) + "\r\n"
	set(c, whole, whole)
	hog.hear(cutOffLine)
	hog.ended()
	for _, c := range []*client{small, later} {
		set(c, "set small 0 0 20000\r\n"+strings.Repeat("v", 20_000)+"\r\n", strings.Repeat("v", 10_000)+"\r\n")
	}
	r.on(0, func(sh *session.Shard) {
		if *session.Assembly(sh) != fill || sh.Pools[0].Count.CutOff != 1 {
			t.Errorf("%d bytes are kept, %d clients were cut off; want 0 and 1", *session.Assembly(sh)-fill,
				sh.Pools[0].Count.CutOff)
		}
		*session.Assembly(sh) -= fill
	})
}

// Who holds most and wants more is cut off itself. Its key is not touched, whatever it wanted to do with it.
func TestNoRoomForTheLargest(t *testing.T) {
	for _, line := range []string{
		"set k 0 0 1000", "set k 0 0 1000 noreply", "ms a2V5 1000 b q", "add k 0 0 1000", "append k 0 0 1000 noreply",
		"cas k 0 0 1000 1 noreply",
	} {
		for _, arrived := range []int{0, 1, 1000, 1001} {
			r, p, b := pair(t, nil)
			c := r.client()
			r.on(0, func(sh *session.Shard) { *session.Assembly(sh) += pool.MaxAssembly })
			c.say(line + "\r\n" + strings.Repeat("v", arrived))
			c.hear(refusedValue)
			c.ended()
			r.on(0, func(sh *session.Shard) { *session.Assembly(sh) -= pool.MaxAssembly })
			r.eventually(0, "nothing kept", func(sh *session.Shard) bool {
				return *session.Assembly(sh) == 0 && len(session.Sessions(sh)) == 0
			})
			d := r.client()
			d.say("delete l\r\n") // comes to the servers first
			p.want("delete l\r\n").answer("DELETED\r\n")
			b.want("delete l\r\n").answer("DELETED\r\n")
			d.hear("DELETED\r\n")
		}
	}
}

// What a client that is held back has sent counts, too. What was answered before is still told.
func TestHeldBackClientIsCutOff(t *testing.T) {
	r, p, _ := pair(t, nil)
	r.narrow()
	hog := r.client()
	hog.say(strings.Repeat("get a\r\n", 10*testWindow))
	r.eventually(0, "held back", func(sh *session.Shard) bool { return *session.Assembly(sh) > 0 })
	r.on(0, func(sh *session.Shard) { *session.Assembly(sh) += 2 * testAssembly })
	r.client().say("get")
	r.eventually(0, "cut off", func(sh *session.Shard) bool { return sh.Pools[0].Count.CutOff > 0 })
	for range testWindow {
		p.want("get a\r\n").answer(miss)
		hog.hear(miss)
	}
	hog.hear(cutOffLine)
	hog.ended()
	r.on(0, func(sh *session.Shard) { *session.Assembly(sh) -= 2 * testAssembly })
}

// A transaction that is being collected counts as what has arrived in part does.
func TestLargestTransactionIsCutOff(t *testing.T) {
	s := testkit.StartRedis(t)
	r := start(t, 1, 0, func(cfg *config.Config) { cfg.MaxValue = 400_000 })
	r.reload(toRedis(s))
	r.narrow()
	r.on(0, func(sh *session.Shard) { sh.Pools[0].RedisLimits.MaxBulk = 400_000 })
	hog, c := r.client(), r.client()
	hog.say("MULTI\r\n")
	hog.hear("+OK\r\n")
	set := "*3\r\n$3\r\nSET\r\n$3\r\nhog\r\n$300000\r\n" + strings.Repeat("v", 300_000) + "\r\n"
	for range 2 {
		hog.say(set)
		hog.hear("+QUEUED\r\n")
	}
	c.say("MULTI\r\n" + set + "EXEC\r\n")
	c.hear("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n")
	hog.hear("-ERR out of memory reading request\r\n")
	hog.ended()
	r.on(0, func(sh *session.Shard) {
		if *session.Assembly(sh) != 0 {
			t.Errorf("%d bytes are held", *session.Assembly(sh))
		}
	})
}
