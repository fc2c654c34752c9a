package proxy

import (
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
)

// A mutation whose reply is late, on a server that is still used: it is followed by the deletion of the key.
func TestLateMutation(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) {
		cfg.Pools[0].ServerFailureLimit = 1000
	})
	c := r.client()
	set := "set k 0 0 1\r\nx\r\n"
	c.say(set)
	late := p.want(set)
	b.want(set).answer("STORED\r\n")
	r.expire(0)
	c.hear("STORED\r\n")
	b.want("mg k v f t u\r\n").reset() // the backup has gone
	deletion := p.want("delete k\r\n")
	late.answer("STORED\r\n")
	deletion.answer("DELETED\r\n")
	r.clean(0)
}

// The same with a backup that answers: the value is copied, and until then the backup is asked.
func TestLateMutationIsRepaired(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) {
		cfg.Pools[0].ServerFailureLimit = 1000
	})
	c := r.client()
	set := "set k 0 0 1\r\nx\r\n"
	c.say(set)
	late := p.want(set)
	b.want(set).answer("STORED\r\n")
	r.expire(0)
	c.hear("STORED\r\n")
	read := b.want("mg k v f t u\r\n")
	c.say("get k\r\n")
	get := b.want("get k\r\n")
	read.answer("EN\r\n")
	get.answer("END\r\n")
	c.hear("END\r\n")
	deleted := p.want("delete k\r\n")
	c.say(set)
	pa, ba := p.want(set), b.want(set)
	late.answer("STORED\r\n")
	deleted.answer("DELETED\r\n")
	pa.answer("STORED\r\n")
	ba.answer("STORED\r\n")
	c.hear("STORED\r\n")
	r.clean(0)
}

// A set that passes while the other copy says that it has no such key: it is not deleted behind the set.
func TestSetPassesAMiss(t *testing.T) {
	r, c, gone, other := outage(t, 0, nil)
	r.returns(0)
	miss := other.want("mg first v f t u\r\n")
	set := "set first 0 0 1\r\ny\r\n"
	c.say(set)
	g, o := gone.want(set), other.want(set)
	miss.answer("EN\r\n")
	o.answer("STORED\r\n")
	g.answer("STORED\r\n")
	c.hear("STORED\r\n")
	other.want("mg first v f t u\r\n").answer("VA 1 f0 t-1\r\ny\r\n") // too late: both have it
	r.back(0)
	r.clean(0)
	c.nothing()
	if len(gone.asked) > 0 {
		t.Errorf("then the server was asked for %q", (<-gone.asked).text)
	}
}

// With both copies away nothing is done, and nothing is dirty.
func TestNothingIsDirtyWhereNothingWasDone(t *testing.T) {
	r, c, _, other := outage(t, 0, nil)
	c.say("get a\r\n")
	other.want("get a\r\n").reset()
	if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR ") {
		t.Errorf("%q", line)
	}
	r.away(1)
	c.say("set a 0 0 1\r\nx\r\n")
	if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR ") {
		t.Errorf("%q", line)
	}
	r.on(0, func(sh *session.Shard) {
		e := sh.Pools[0].Engine
		if p, b := e.Dirty(0).Len(), e.Dirty(1).Len(); p != 1 || b != 0 {
			t.Errorf("%d keys dirty on the primary, %d on the backup; want 1, 0", p, b)
		}
	})
}

// A key of which the backup has another value is deleted there at once. Then it gets the primary's value, unless a
// mutation passes that both copies take.
func TestBackupGetsThePrimarysValue(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	disagree := func() (reading *ask) {
		c.say("incr n 1\r\n")
		p.want("incr n 1\r\n").answer("5\r\n")
		b.want("incr n 1\r\n").answer("9\r\n")
		c.hear("5\r\n")
		b.want("delete n\r\n").answer("DELETED\r\n")
		return p.want("mg n v f t u\r\n")
	}
	disagree().answer("VA 1 f7 t60\r\n5\r\n")
	b.want("ms n 1 F7 T60 ME\r\n5\r\n").answer("HD\r\n")

	reading := disagree()
	c.say("set n 0 0 1\r\n8\r\n")
	p.want("set n 0 0 1\r\n8\r\n")
	reading.answer("VA 1 f7 t60\r\n5\r\nSTORED\r\n")
	b.want("set n 0 0 1\r\n8\r\n").answer("STORED\r\n")
	c.hear("STORED\r\n")
	p.want("mg n v f t u\r\n").answer("VA 1 f0 t-1\r\n8\r\n")
	b.want("ms n 1 F0 ME\r\n8\r\n").answer("NS\r\n")

	disagree().answer("EN\r\n") // evicted meanwhile
	c.say("get n\r\n")
	p.want("get n\r\n").answer("END\r\n")
	c.hear("END\r\n")
	r.on(0, func(sh *session.Shard) {
		if n := *sh.Pools[0].Engine.Tally(1); n.Refills != 1 || n.Repairs != 3 {
			t.Errorf("%+v", n)
		}
	})
}
