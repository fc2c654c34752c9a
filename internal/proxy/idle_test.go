package proxy

import (
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
)

// age lets so much time pass for all clients, and has the loop look after them.
func (r *rig) age(by time.Duration) {
	r.t.Helper()
	r.on(0, func(sh *session.Shard) {
		for _, s := range session.Sessions(sh) {
			session.Age(s, by)
		}
		sh.EndQuiet()
	})
}

func quietRig(t *testing.T, half, idle time.Duration) (r *rig, p, b *fake) {
	return pair(t, func(cfg *config.Config) { cfg.RequestTimeout, cfg.IdleTimeout = half, idle })
}

// A request of which nothing more comes ends the connection, also when it is being thrown away, and touches no key.
func TestHalfRequestTimesOut(t *testing.T) {
	const line = "SERVER_ERROR request timed out: its rest did not come\r\n"
	for _, w := range []struct{ half, before string }{
		{"set k 0 0 1000\r\nvvv", ""},
		{"get k", ""},
		{"set k 0 0 1\r\nx", ""},
		{"set k 0 0 2000000\r\n", "SERVER_ERROR object too large for cache\r\n"},
	} {
		r, p, b := quietRig(t, time.Hour, 0)
		c, other := r.client(), r.client()
		other.nothing()
		c.say("mn\r\n" + w.half)
		c.hear("MN\r\n")
		if w.before != "" {
			p.want("delete k\r\n").answer("DELETED\r\n")
			b.want("delete k\r\n").answer("DELETED\r\n")
			c.hear(w.before)
		}
		r.eventually(0, "half a request", func(sh *session.Shard) bool {
			for _, s := range session.Sessions(sh) {
				if state := session.StateOf(s); state.Partial {
					return state.Answered
				}
			}
			return false
		})
		r.age(59 * time.Minute)
		r.on(0, func(sh *session.Shard) {
			if n := sh.Pools[0].Count.CutOff; n != 0 {
				t.Errorf("%q: cut off early", w.half)
			}
		})
		r.age(2 * time.Minute)
		c.hear(line)
		c.ended()
		other.nothing() // idle, which is allowed
		r.on(0, func(sh *session.Shard) {
			if n := sh.Pools[0].Count.CutOff; n != 1 || *session.Assembly(sh) != 0 {
				t.Errorf("%q: %d were cut off, %d bytes are kept", w.half, n, *session.Assembly(sh))
			}
		})
	}
}

// A large value that comes slowly, but comes, is taken.
func TestSlowUploadIsNotCutOff(t *testing.T) {
	r, p, b := quietRig(t, time.Hour, time.Hour)
	c := r.client()
	whole := "set k 0 0 50000\r\n" + strings.Repeat("v", 50_000) + "\r\n"
	for rest := whole; rest != ""; {
		n := min(5000, len(rest))
		was := r.received()
		c.say(rest[:n])
		rest = rest[n:]
		r.eventually(0, "a part", func(sh *session.Shard) bool { return sh.Pools[0].Count.BytesRead == was+uint64(n) })
		r.age(40 * time.Minute)
	}
	r.age(10 * time.Hour) // who waits for a reply is not idle
	p.want(whole).answer("STORED\r\n")
	b.want(whole).answer("STORED\r\n")
	c.hear("STORED\r\n")
	c.nothing()
}

func (r *rig) received() (n uint64) {
	r.t.Helper()
	r.on(0, func(sh *session.Shard) { n = sh.Pools[0].Count.BytesRead })
	return n
}

// By option clients that ask for nothing are closed; the reply to the last request counts as being asked.
func TestIdleClientIsClosed(t *testing.T) {
	r, p, _ := quietRig(t, 0, time.Hour)
	c, half := r.client(), r.client()
	half.say("get")
	r.eventually(0, "half a request", func(sh *session.Shard) bool { return *session.Assembly(sh) > 0 })
	c.say("get k\r\n")
	a := p.want("get k\r\n")
	r.age(10 * time.Hour)
	a.answer(miss)
	c.hear(miss)
	r.age(59 * time.Minute)
	c.nothing()
	r.age(time.Hour)
	c.ended()
	half.say(" a\r\n") // has no limit here
	p.want("get a\r\n").answer(miss)
	half.hear(miss)
	r.on(0, func(sh *session.Shard) {
		if n := sh.Pools[0].Count.IdleClosed; n != 1 {
			t.Errorf("%d were closed", n)
		}
	})
}
