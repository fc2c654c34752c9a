package proxy

import (
	"fmt"
	"testing"
	"time"

	"magent/backend/hello"
	"magent/internal/config"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// later asks for a flush_all with a delay. The servers are told of it.
func later(c *client, delay int, servers ...*fake) {
	c.t.Helper()
	c.say(fmt.Sprintf("flush_all %d\r\n", delay))
	for _, f := range servers {
		f.toldLater(delay)
	}
	c.hear("OK\r\n")
}

// toldLater expects that a server is told to flush, later than after a delay.
func (f *fake) toldLater(delay int) {
	f.t.Helper()
	a := testkit.Await(f.t, "a flush_all", f.asked)
	var left int
	_, err := fmt.Sscanf(a.text, "flush_all %d\r\n", &left)
	if err != nil || left < delay+5 || left > delay+20 {
		f.t.Fatalf("it was asked for %q", a.text)
	}
	a.answer("OK\r\n")
}

// dueIn returns in how many seconds a pool is to be flushed; -1: it is not.
func (r *rig) dueIn(index int) (seconds int64) {
	r.t.Helper()
	r.on(0, func(sh *session.Shard) {
		if seconds = -1; sh.Pools[index].DelayedFlush() > 0 {
			seconds = sh.Pools[index].DelayedFlush() - time.Now().Unix()
		}
	})
	return seconds
}

// renamed has a reload give the pool another name.
func renamed(r *rig) {
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].Name = "other"
		return pools
	})
}

// changed has a reload change the pool.
func changed(r *rig) {
	r.reload(func(pools []config.Pool) []config.Pool {
		pools[0].MaxValue = 1000
		return pools
	})
}

// betweenFlushes is what may happen before a flush_all with a delay takes effect.
var betweenFlushes = map[string]func(*rig){
	"at once":               func(*rig) {},
	"a reload":              changed,
	"another name":          renamed,
	"a restart":             (*rig).follow,
	"a restart of a server": func(r *rig) { r.servers[0].restarts() },
	"another name, and a restart": func(r *rig) {
		renamed(r)
		r.follow()
	},
	"a restart with another name": func(r *rig) {
		r.svc.cfg.Pools[0].Name = "other"
		r.follow()
	},
}

// TestDelayedFlush: a flush_all with a delay is carried out by all servers, once, whatever happens before its time.
func TestDelayedFlush(t *testing.T) {
	for _, threads := range []int{1, 2} {
		for name, happens := range betweenFlushes {
			t.Run(fmt.Sprintf("%s, %d loops", name, threads), func(t *testing.T) {
				t.Parallel()
				r, p, b := rememberingOn(t, threads)
				later(r.client(), 1, p, b)
				happens(r)
				p.want("flush_all\r\n").answer("OK\r\n")
				b.want("flush_all\r\n").answer("OK\r\n")
				testkit.Until(t, "it has ended", func() bool {
					n := 0
					for i, cfg := range r.svc.cfgs {
						if cfg != nil && r.dueIn(i) >= 0 {
							n++
						}
					}
					return n == 0
				})
				r.follow()
				if left := r.dueIn(0); left >= 0 {
					t.Errorf("it is carried out once more in %d s", left)
				}
			})
		}
	}
}

// rememberingOn is remembering with so many loops.
func rememberingOn(t *testing.T, threads int) (r *rig, p, b *fake) {
	t.Helper()
	dir := t.TempDir()
	r = startAs(t, 1000, 1, 1, func(cfg *config.Config) { cfg.StateDir, cfg.Threads = dir, threads }, hello.FullMeta)
	return r, r.servers[0], r.servers[1]
}

// TestDelayedFlushIsReplaced: the last flush_all counts, as in memcached, also after whatever happens.
func TestDelayedFlushIsReplaced(t *testing.T) {
	for name, happens := range betweenFlushes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p, b := remembering(t)
			c := r.client()
			later(c, 100_000, p, b)
			later(c, 50_000, p, b)
			happens(r)
			if left := r.dueIn(r.only()); left < 40_000 || left > 50_001 {
				t.Errorf("it is carried out in %d s", left)
			}
			c = r.client()
			c.say("flush_all\r\n")
			p.want("flush_all\r\n").answer("OK\r\n")
			b.want("flush_all\r\n").answer("OK\r\n")
			c.hear("OK\r\n")
			happens(r)
			if left := r.dueIn(r.only()); left >= 0 {
				t.Errorf("one that was replaced is carried out in %d s", left)
			}
			r.follow()
			if left := r.dueIn(0); left >= 0 {
				t.Errorf("after a restart one that was replaced is carried out in %d s", left)
			}
		})
	}
}

// only returns the index of the pool that there is.
func (r *rig) only() (index int) {
	for i, cfg := range r.svc.cfgs {
		if cfg != nil {
			index = i
		}
	}
	return index
}

// TestOverdueFlush: a flush_all whose time has passed while no magent ran is carried out before any request.
func TestOverdueFlush(t *testing.T) {
	for _, threads := range []int{1, 2} {
		t.Run(fmt.Sprint(threads), func(t *testing.T) {
			t.Parallel()
			r, p, b := rememberingOn(t, threads)
			later(r.client(), 1, p, b)
			r.svc.Close()
			over := time.Now().Unix() + 2
			testkit.Until(t, "its time has passed", func() bool { return time.Now().Unix() >= over })
			for len(p.asked) > 0 { // it was carried out before the end, on a busy machine
				<-p.asked
			}
			r.next()
			c := r.client()
			c.say("get k\r\n")
			p.want("flush_all\r\n").answer("OK\r\n")
			b.want("flush_all\r\n").answer("OK\r\n")
			p.want("get k\r\n").answer("END\r\n")
			c.hear("END\r\n")
			if left := r.dueIn(0); left >= 0 {
				t.Errorf("it is carried out once more in %d s", left)
			}
		})
	}
}

// TestReplacedOnItsWay: a flush_all whose time has come is on its way to the servers when another one takes its place.
// The servers are not asked for the first one, and the second one is carried out at its time, if it has one.
func TestReplacedOnItsWay(t *testing.T) {
	for _, threads := range []int{1, 2, 3} {
		t.Run(fmt.Sprintf("a later one, %d loops", threads), func(t *testing.T) {
			t.Parallel()
			r, p, b := rememberingOn(t, threads)
			r.on(0, func(sh *session.Shard) {
				sh.Others.Flush(sh.Pools[0], []byte("flush_all 100000\r\n"), func([]byte) {})
				sh.Pools[0].Engine.FlushLater(time.Now().Unix() - 1)
			})
			p.toldLater(100_000)
			b.toldLater(100_000)
			r.flushesEnd()
			if left := r.dueIn(0); left < 90_000 {
				t.Errorf("the later one is carried out in %d s", left)
			}
			r.nothingElse()
		})
		t.Run(fmt.Sprintf("one without a delay, %d loops", threads), func(t *testing.T) {
			t.Parallel()
			r, _, _ := rememberingOn(t, threads)
			r.on(0, func(sh *session.Shard) {
				e := sh.Pools[0].Engine
				e.FlushLater(time.Now().Unix() - 1)
				e.FlushedAll(e.Delays())
			})
			r.flushesEnd()
			if left := r.dueIn(0); left >= 0 {
				t.Errorf("one that was replaced is carried out in %d s", left)
			}
			r.nothingElse()
		})
	}
}

// flushesEnd returns when no flush_all is under way in the first pool.
func (r *rig) flushesEnd() {
	r.t.Helper()
	r.eventually(0, "none is under way", func(sh *session.Shard) bool { return sh.Pools[0].Engine.Idle() })
}

// TestOverdueFlushIsReplaced: a pool begins with a flush_all that is overdue, and cannot carry it out yet, for the
// fleet is about to change. What the pool before it has left for it to do replaces that. So nothing waits any more.
func TestOverdueFlushIsReplaced(t *testing.T) {
	for _, threads := range []int{1, 2} {
		for what, replace := range map[string]func(*pool.Pool){
			"a later one":             func(p *pool.Pool) { p.Engine.FlushLater(time.Now().Unix() + 100_000) },
			"one without a delay":     func(p *pool.Pool) { p.Engine.FlushedAll(p.Engine.Delays()) },
			"the pool that is to end": (*pool.Pool).Leave,
		} {
			t.Run(fmt.Sprintf("%s, %d loops", what, threads), func(t *testing.T) {
				t.Parallel()
				r, _, _ := rememberingOn(t, threads)
				release := r.svc.stopTheWorld()
				p := r.svc.shards[0].Pools[0]
				p.Loop.Changing = true
				p.RecallFlush(time.Now().Unix() - 1)
				p.Connect()
				for _, q := range p.Peers {
					if !q.Waits() {
						t.Error("requests do not wait")
					}
				}
				replace(p)
				release()
				for i := range threads {
					if what == "the pool that is to end" && i > 0 {
						break // each of its parts leaves by itself
					}
					r.eventually(i, "requests go on", func(sh *session.Shard) bool { return !sh.Pools[0].Waits() })
				}
				r.nothingElse()
			})
		}
	}
}

// TestMergedFlush: a pool that takes the place of several is flushed when the last of them was to be.
func TestMergedFlush(t *testing.T) {
	t.Parallel()
	r := start(t, 2, 0, func(cfg *config.Config) {
		one, two := cfg.Pools[0], cfg.Pools[0]
		one.Name, one.Servers = "one", one.Servers[:1]
		two.Name, two.Servers = "two", two.Servers[1:]
		cfg.Pools = []config.Pool{one, two}
	})
	later(r.clientOf(0), 50_000, r.servers[0])
	later(r.clientOf(1), 100_000, r.servers[1])
	r.reload(func(pools []config.Pool) []config.Pool {
		both := pools[0]
		both.Name, both.Servers = "both", append(both.Servers, pools[1].Servers...)
		return []config.Pool{both}
	})
	if left := r.dueIn(r.only()); left < 90_000 {
		t.Errorf("it is flushed in %d s", left)
	}
}
