package proxy

import (
	"fmt"
	"testing"

	"magent/backend/hello"
	"magent/failover"
	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// missed is a pair whose primary is ejected and has missed n sets, of the keys k0 and so on.
func missed(t *testing.T, n int, meta hello.MetaForm) (r *rig, c *client, p, b *fake) {
	t.Helper()
	r = startAs(t, 1000, 1, 1, nil, meta)
	p, b = r.servers[0], r.servers[1]
	c = r.client()
	lived(c, p)
	for i := range n {
		set := fmt.Sprintf("set k%d 0 0 1\r\n5\r\n", i)
		c.say(set)
		b.want(set).answer("STORED\r\n")
		if i == 0 {
			p.want(set).reset()
		}
		c.hear("STORED\r\n")
		r.inState(0, failover.Ejected)
	}
	return r, c, p, b
}

// The other copy dies in the middle of a return. A mutation of a key that is still dirty finds it deleted.
func TestOtherCopyDiesDuringAReturn(t *testing.T) {
	r, c, p, b := missed(t, 20, hello.FullMeta)
	r.returns(0)
	asked := map[string]bool{}
	var last *ask
	for range 4 {
		last = testkit.Await(t, "a reading", b.asked)
		asked[last.text] = true
		last.answer("VA 1 f0 t-1\r\n5\r\n")
	}
	for range 4 {
		testkit.Await(t, "a writing", p.asked)
	}
	key := ""
	for i := range 20 {
		if key = fmt.Sprint("k", i); !asked["mg "+key+" v f t u\r\n"] {
			break
		}
	}
	last.reset()
	r.inState(1, failover.Ejected)
	c.say("incr " + key + " 1\r\n")
	for {
		switch a := testkit.Await(t, "the mutation", p.asked); a.text {
		case "delete " + key + "\r\n":
			return
		case "incr " + key + " 1\r\n":
			t.Fatal("the mutation found the old value")
		}
	}
}

// Keys that cannot be copied are deleted a few at a time: the server goes on to answer for others.
func TestDeletionsOfAReturnAreFew(t *testing.T) {
	r, _, p, _ := missed(t, 200, hello.NoMeta)
	r.returns(0)
	for range 200 {
		a := testkit.Await(t, "a deletion", p.asked)
		r.on(0, func(sh *session.Shard) {
			if n := sh.Pools[0].Conns[0].Pending(); n > 64 {
				t.Fatalf("%d deletions at a time", n)
			}
		})
		a.answer("DELETED\r\n")
	}
	r.back(0)
}

// A connection that ends with requests on it that were given up was not idle: the server is ejected, and its key made
// good.
func TestConnectionEndsWithRequestsGivenUp(t *testing.T) {
	r := startAs(t, 1000, 1, 1, func(cfg *config.Config) {
		cfg.Pools[0].ServerFailureLimit = 100
	}, hello.FullMeta)
	p, b := r.servers[0], r.servers[1]
	c := r.client()
	lived(c, p)
	set := "set k 0 0 1\r\n2\r\n"
	c.say(set)
	lost := p.want(set)
	b.want(set).answer("STORED\r\n")
	r.expire(0)
	c.hear("STORED\r\n")
	b.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n2\r\n")
	p.want("ms k 1 F0\r\n2\r\n")
	r.expire(0)
	r.eventually(0, "both are given up", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Stats.Timeouts == 2
	})
	lost.lose()
	r.away(0)
}

// When both copies are returning, that one's word counts which has not missed the key.
func TestBothReturn(t *testing.T) {
	r, c, p, b := missed(t, 1, hello.FullMeta)
	c.say("get k0\r\n")
	b.want("get k0\r\n").reset()
	c.line()
	r.inState(1, failover.Ejected)
	p.greet.Lock()
	b.greet.Lock()
	r.returns(0)
	r.returns(1)
	p.greet.Unlock()
	b.greet.Unlock()
	reading := b.want("mg k0 v f t u\r\n")
	c.say("incr k0 1\r\n")
	p.want("delete k0\r\n").answer("DELETED\r\n")
	p.want("incr k0 1\r\n").answer("NOT_FOUND\r\n")
	b.want("incr k0 1\r\n")
	reading.answer("VA 1 f0 t-1\r\n5\r\n6\r\n")
	c.hear("6\r\n")
}

// A key that the other copy does not tell in time is asked for again, and is not lost.
func TestFillIsNotToldInTime(t *testing.T) {
	t.Parallel()
	r := startAs(t, 1000, 1, 1, func(cfg *config.Config) {
		cfg.Pools[0].ServerFailureLimit = 100
	}, hello.FullMeta)
	p, b := r.servers[0], r.servers[1]
	c := r.client()
	lived(c, p)
	b.dump.Store("key=k exp=-1\nEND\r\n")
	p.restarts()
	b.want("mg k v f t u\r\n")
	r.expire(1)
	late := b.want("mg k v f t u\r\n")
	late.answer("VA 1 f0 t-1\r\n7\r\nVA 1 f0 t-1\r\n7\r\n") // the first reply comes, too, and is thrown away
	p.want("ms k 1 F0 ME\r\n7\r\n").answer("HD\r\n")
	r.back(0)
}
