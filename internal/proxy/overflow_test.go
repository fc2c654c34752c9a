package proxy

import (
	"errors"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
)

// A server that has to be flushed on its return is left alone before that: memcached may keep what was used in the
// same second.
func TestOverflowWaits(t *testing.T) {
	t.Parallel()
	r, c, gone, other := outage(t, 0, func(cfg *config.Config) { cfg.MaxDirty = 1 })
	r.on(0, func(sh *session.Shard) { sh.Flushable = time.Hour })
	for _, key := range []string{"a", "b"} {
		c.say("delete " + key + "\r\n")
		other.want("delete " + key + "\r\n").answer("DELETED\r\n")
		c.hear("DELETED\r\n")
	}
	r.returns(0)
	r.eventually(0, "it is connected to", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	c.say("set new 0 0 1\r\n1\r\nincr new 1\r\n")
	other.want("set new 0 0 1\r\n1\r\n").answer("STORED\r\n")
	other.want("incr new 1\r\n").answer("2\r\n")
	c.hear("STORED\r\n2\r\n")
	r.on(0, func(sh *session.Shard) {
		if p := sh.Pools[0]; p.Health.Usable(0) || !p.Engine.Dirty(0).All() {
			t.Error("it is used at once")
		}
	})
	if len(gone.asked) > 0 {
		t.Errorf("it is asked %q", (<-gone.asked).text)
	}
}

// A server that is up, and has missed more than is remembered, is taken out of use before it is flushed. If the other
// copy cannot be read, it is flushed at once.
func TestOverflowOfAServerThatIsUp(t *testing.T) {
	t.Parallel()
	for _, alone := range []bool{false, true} {
		r, p, b := pair(t, func(cfg *config.Config) {
			cfg.MaxDirty = 0
			cfg.Pools[0].ServerFailureLimit = 1000
		})
		c := r.client()
		set := "set k 0 0 1\r\n1\r\n"
		c.say(set)
		late := p.want(set)
		stored := b.want(set)
		stored.answer("STORED\r\n")
		var next *ask
		other := r.client()
		if alone {
			other.say("delete j\r\n")
			next = p.want("delete j\r\n")
			b.want("delete j\r\n").lose()
		}
		r.expire(0)
		c.hear("STORED\r\n")
		flush := p.want("flush_all\r\n")
		if same := flush.c == late.c; same != alone {
			t.Errorf("it is flushed over the connection that it was used on: %v, want %v", same, alone)
		}
		if alone {
			other.line() // nobody knows of this one, and the primary has just lost all keys
			again := p.want("flush_all\r\n")
			late.answer("STORED\r\n")
			next.answer("DELETED\r\n")
			flush.answer("OK\r\n")
			flush = again
		}
		flush.answer("OK\r\n")
		r.clean(0)
		r.back(0)
	}
}

// TestFlushedWhileOut: a server that was taken out of use while it was being flushed is not said to be good again.
func TestFlushedWhileOut(t *testing.T) {
	t.Parallel()
	r, _, _ := pair(t, nil)
	r.on(0, func(sh *session.Shard) {
		p := sh.Pools[0]
		p.AwaitGood(1, func() { t.Error("it is out of use") })
		p.TakeOut(1, errors.New("for the test"))
		p.Resynced(1)
		p.AwaitGood(1, nil) // it may come back before the test has ended
	})
}
