package shard

import (
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
)

// returns has server i connected to again, as after a probe.
func (r *rig) returns(i int) {
	r.t.Helper()
	r.on(0, func(sh *Shard) {
		p := sh.pools[0]
		e, _ := fixedEndpoint(r.servers[i].addr)
		p.alive(i, e)
	})
}

// away waits until server i is ejected.
func (r *rig) away(i int) {
	r.t.Helper()
	r.eventually(0, "ejected", func(sh *Shard) bool { return !sh.pools[0].health.Usable(i) })
}

// clean waits until server i has nothing more to make good.
func (r *rig) clean(i int) {
	r.t.Helper()
	r.eventually(0, "nothing dirty", func(sh *Shard) bool {
		d := sh.pools[0].engine.Dirty(i)
		return d.Len() == 0 && !d.All()
	})
}

// outage is a pair whose server with the index away is ejected.
func outage(t *testing.T, away int, change func(*config.Config)) (r *rig, c *client, gone, other *fake) {
	t.Helper()
	r, p, b := pair(t, change)
	gone, other = p, b
	if away == 1 {
		gone, other = b, p
	}
	c = r.client()
	set := "set first 0 0 1\r\nx\r\n"
	c.say(set)
	gone.want(set).reset()
	other.want(set).answer("STORED\r\n")
	c.hear("STORED\r\n")
	r.away(away)
	return r, c, gone, other
}

// What a server missed while it was away, or may have missed when it went, is deleted there before anything is read.
func TestServerReturnsWithOldValues(t *testing.T) {
	for away := range 2 {
		r, c, gone, other := outage(t, away, nil)
		for _, x := range [][2]string{
			{"set a 0 0 1\r\nx\r\n", "STORED\r\n"},
			{"delete b\r\n", "DELETED\r\n"},
			{"incr c 1\r\n", "7\r\n"},
			{"append d 0 0 1\r\nx\r\n", "STORED\r\n"},
			{"touch e 1\r\n", "TOUCHED\r\n"},
			{"cas f 0 0 1 5\r\nx\r\n", "STORED\r\n"},
			{"ms YSBi 1 b\r\nx\r\n", "HD\r\n"},
			{"gat 10 g\r\n", "VALUE g 0 1\r\nx\r\nEND\r\n"},
			{"get h\r\n", "END\r\n"},
			{"cas i 0 0 1 5\r\nx\r\n", "EXISTS\r\n"},
		} {
			c.say(x[0])
			other.want(x[0]).answer(x[1])
			c.hear(x[1])
		}
		r.returns(away)
		var asked []*ask
		var texts []string
		want := []string{"delete a\r\n", "delete b\r\n", "delete c\r\n", "delete d\r\n", "delete e\r\n", "delete f\r\n", "delete first\r\n", "delete g\r\n", "md YSBi b\r\n"}
		for range want {
			a := await(t, "a deletion", gone.asked)
			asked = append(asked, a)
			texts = append(texts, a.text)
		}
		if slices.Sort(texts); !slices.Equal(texts, want) {
			t.Errorf("server %d was asked for %q, want %q", away, texts, want)
		}
		if away == 0 { // read behind the deletions
			c.say("get a\r\n")
			asked = append(asked, gone.want("get a\r\n"))
		}
		for _, a := range asked {
			switch {
			case strings.HasPrefix(a.text, "get"):
				a.answer("END\r\n")
				c.hear("END\r\n")
			case strings.HasPrefix(a.text, "md"):
				a.answer("NF\r\n")
			default:
				a.answer("NOT_FOUND\r\n")
			}
		}
		r.clean(away)
		c.nothing()
	}
}

// A server that goes again before it has made good everything has the rest made good next time.
func TestServerGoesAgain(t *testing.T) {
	r, c, gone, other := outage(t, 0, nil)
	c.say("delete a\r\n")
	other.want("delete a\r\n").answer("DELETED\r\n")
	c.hear("DELETED\r\n")
	r.returns(0)
	first, second := await(t, "a deletion", gone.asked), await(t, "a deletion", gone.asked)
	first.answer("DELETED\r\n")
	r.eventually(0, "one is left", func(sh *Shard) bool { return sh.pools[0].engine.Dirty(0).Len() == 1 })
	second.reset()
	r.away(0)
	r.returns(0)
	gone.want(second.text).answer("DELETED\r\n")
	r.clean(0)
}

// More keys than are remembered: the server is flushed.
func TestServerMissedTooMuch(t *testing.T) {
	r, c, gone, other := outage(t, 0, func(cfg *config.Config) { cfg.MaxDirty = 2 })
	for _, key := range []string{"a", "b", "c"} {
		c.say("delete " + key + "\r\n")
		other.want("delete " + key + "\r\n").answer("DELETED\r\n")
		c.hear("DELETED\r\n")
	}
	r.returns(0)
	c.say("get a\r\n")
	flush := gone.want("flush_all\r\n")
	read := gone.want("get a\r\n")
	flush.answer("OK\r\n")
	read.answer("END\r\n")
	c.hear("END\r\n")
	r.clean(0)
}

// A flush_all reaches a server that is away when it is back.
func TestServerMissedAFlush(t *testing.T) {
	r, c, gone, other := outage(t, 1, nil)
	c.say("flush_all\r\n")
	other.want("flush_all\r\n").answer("OK\r\n")
	c.hear("OK\r\n")
	r.returns(1)
	gone.want("flush_all\r\n").answer("OK\r\n")
	r.clean(1)
	c.nothing()
	if len(gone.asked) > 0 {
		t.Errorf("then the server was asked for %q", (<-gone.asked).text)
	}
}

// A mutation whose reply is late, on a server that is still used: it is followed by the deletion of the key.
func TestLateMutation(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) {
		cfg.Pools[0].Timeout, cfg.Pools[0].ServerFailureLimit = 20*time.Millisecond, 1000
	})
	c := r.client()
	set := "set k 0 0 1\r\nx\r\n"
	c.say(set)
	late := p.want(set)
	b.want(set).answer("STORED\r\n")
	c.hear("STORED\r\n")
	deletion := p.want("delete k\r\n")
	late.answer("STORED\r\n")
	deletion.answer("DELETED\r\n")
	r.clean(0)
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
	r.on(0, func(sh *Shard) {
		e := sh.pools[0].engine
		if p, b := e.Dirty(0).Len(), e.Dirty(1).Len(); p != 1 || b != 0 {
			t.Errorf("%d keys dirty on the primary, %d on the backup; want 1, 0", p, b)
		}
	})
}
