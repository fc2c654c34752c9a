package proxy

import (
	"strings"
	"testing"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/session"
	"magent/internal/testkit"
)

// returns has server i connected to again, as after a probe.
func (r *rig) returns(i int) {
	r.t.Helper()
	r.on(0, func(sh *session.Shard) {
		p := sh.Pools[0]
		e, _ := discover.Fixed(r.servers[i].addr)
		p.Alive(i, e)
	})
}

// away waits until server i is ejected.
func (r *rig) away(i int) {
	r.t.Helper()
	r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(i) })
}

// clean waits until server i has no dirty keys left.
func (r *rig) clean(i int) {
	r.t.Helper()
	r.eventually(0, "nothing dirty", func(sh *session.Shard) bool {
		d := sh.Pools[0].Engine.Dirty(i)
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
		replies := map[string][2]string{ // to mg on the other server; what the one that is back is asked then
			"mg a v f t u\r\n":      {"VA 1 f0 t60\r\nx\r\n", "ms a 1 F0 T60\r\nx\r\n"},
			"mg b v f t u\r\n":      {"EN\r\n", "delete b\r\n"},
			"mg c v f t u\r\n":      {"VA 1 f5 t-1\r\n7\r\n", "ms c 1 F5\r\n7\r\n"},
			"mg d v f t u\r\n":      {"VA 1 f0 t9 W\r\nx\r\n", "delete d\r\n"},
			"mg e v f t u\r\n":      {"VA 1 f0 t0\r\nx\r\n", "ms e 1 F0 T1\r\nx\r\n"},
			"mg f v f t u\r\n":      {"ERROR\r\n", "delete f\r\n"},
			"mg first v f t u\r\n":  {"VA 1 f0 t-1\r\nx\r\n", "ms first 1 F0\r\nx\r\n"},
			"mg g v f t u\r\n":      {"VA 1 f0 t10\r\nx\r\n", "ms g 1 F0 T10\r\nx\r\n"},
			"mg YSBi b v f t u\r\n": {"VA 1 f0 t-1\r\nx\r\n", "ms YSBi 1 b F0\r\nx\r\n"},
		}
		var last *ask
		for n := len(replies); n > 0; n-- {
			a := testkit.Await(t, "a reading", other.asked)
			w, ok := replies[a.text]
			if !ok {
				t.Fatalf("server %d is back, the other was asked for %q", away, a.text)
			}
			delete(replies, a.text)
			a.answer(w[0])
			back := gone.want(w[1])
			switch {
			case n == 1:
				last = back
			case strings.HasPrefix(w[1], "delete"):
				back.answer("DELETED\r\n")
			default:
				back.answer("HD\r\n")
			}
		}
		if last.text[0] == 'd' { // a deletion is not waited for: what is read comes behind it
			last.answer("NOT_FOUND\r\n")
		} else {
			c.say("get a\r\n") // not of a server that is not back yet
			other.want("get a\r\n").answer("END\r\n")
			c.hear("END\r\n")
			last.answer("HD\r\n")
		}
		r.clean(away)
		r.back(away)
		c.say("get a\r\n")
		r.servers[0].want("get a\r\n").answer("END\r\n")
		c.hear("END\r\n")
	}
}

// back waits until server i may be read.
func (r *rig) back(i int) {
	r.t.Helper()
	r.eventually(0, "back", func(sh *session.Shard) bool { return sh.Pools[0].Health.Readable(i) })
}

// A server that goes again before it is repaired completely gets the rest next time.
func TestServerGoesAgain(t *testing.T) {
	r, _, gone, other := outage(t, 0, nil)
	r.returns(0)
	other.want("mg first v f t u\r\n").answer("VA 1 f0 t-1\r\nx\r\n")
	gone.want("ms first 1 F0\r\nx\r\n").reset()
	r.away(0)
	r.returns(0)
	late := other.want("mg first v f t u\r\n")
	// And again, while the key is being read.
	r.on(0, func(sh *session.Shard) { sh.Pools[0].Conns[0].Close(backend.ErrClosed) })
	late.answer("VA 1 f0 t-1\r\nx\r\n")
	r.away(0)
	r.returns(0)
	other.want("mg first v f t u\r\n").answer("VA 1 f0 t-1\r\ny\r\n")
	gone.want("ms first 1 F0\r\ny\r\n").answer("HD\r\n")
	r.clean(0)
	r.back(0)
}

// A server goes and comes back while one of its keys is still being read from the other server. It is not used before
// that key has been copied, with the value that the other server has by then.
func TestServerGoesAgainDuringAReading(t *testing.T) {
	r, _, gone, other := outage(t, 0, nil)
	r.returns(0)
	slow := other.want("mg first v f t u\r\n")
	r.on(0, func(sh *session.Shard) { sh.Pools[0].Conns[0].Close(backend.ErrClosed) })
	r.away(0)
	r.returns(0)
	r.eventually(0, "returning", func(sh *session.Shard) bool { return sh.Pools[0].Health.Usable(0) })
	r.on(0, func(sh *session.Shard) {
		if sh.Pools[0].Health.Readable(0) {
			t.Error("the server is read although a key has not been copied")
		}
	})
	slow.answer("VA 1 f0 t-1\r\nx\r\n")
	other.want("mg first v f t u\r\n").answer("VA 1 f0 t-1\r\ny\r\n")
	gone.want("ms first 1 F0\r\ny\r\n").answer("HD\r\n")
	r.clean(0)
	r.back(0)
}

// A key gets dirty once more behind the writing of its copy, by a gat that only the other copy hears of: it is copied
// once more.
func TestKeyIsDirtyAgainBehindItsCopy(t *testing.T) {
	r, c, gone, other := outage(t, 0, nil)
	c.say("delete second\r\n")
	other.want("delete second\r\n").answer("DELETED\r\n")
	c.hear("DELETED\r\n")
	r.returns(0)
	one, two := testkit.Await(t, "a reading", other.asked), testkit.Await(t, "a reading", other.asked)
	key, rest := strings.Fields(one.text)[1], strings.Fields(two.text)[1]
	one.answer("VA 1 f0 t5\r\nx\r\n")
	copied := gone.want("ms " + key + " 1 F0 T5\r\nx\r\n")
	c.say("gat 100 " + key + "\r\n")
	gat := other.want("gat 100 " + key + "\r\n")
	two.answer("EN\r\n") // the next key is looked at
	deleted := gone.want("delete " + rest + "\r\n")
	gat.answer("VALUE " + key + " 0 1\r\nx\r\nEND\r\n")
	c.hear("VALUE " + key + " 0 1\r\nx\r\nEND\r\n")
	copied.answer("HD\r\n")
	deleted.answer("NOT_FOUND\r\n")
	other.want("mg " + key + " v f t u\r\n").answer("VA 1 f0 t100\r\nx\r\n")
	gone.want("ms " + key + " 1 F0 T100\r\nx\r\n").answer("HD\r\n")
	r.clean(0)
	r.back(0)
}

// A gat changes what is being copied, too.
func TestGatPassesACopy(t *testing.T) {
	r, c, gone, other := outage(t, 1, nil)
	r.returns(1)
	old := other.want("mg first v f t u\r\n")
	c.say("gat 100 first\r\n")
	gone.want("delete first\r\n").answer("DELETED\r\n")
	g, o := gone.want("touch first 100\r\n"), other.want("gat 100 first\r\n")
	old.answer("VA 1 f0 t5\r\nx\r\n")
	again := other.want("mg first v f t u\r\n")
	g.answer("TOUCHED\r\n")
	o.answer("VALUE first 0 1\r\nx\r\nEND\r\n")
	c.hear("VALUE first 0 1\r\nx\r\nEND\r\n")
	again.answer("VA 1 f0 t100\r\nx\r\n")
	gone.want("ms first 1 F0 T100\r\nx\r\n").answer("HD\r\n")
	r.back(1)
}

// The other server goes while keys are copied from it: what is left is deleted.
func TestOtherGoesDuringTheReturn(t *testing.T) {
	r, c, gone, other := outage(t, 0, nil)
	r.returns(0)
	other.want("mg first v f t u\r\n").reset()
	r.away(1)
	gone.want("delete first\r\n").answer("DELETED\r\n")
	r.back(0)
	c.say("get first\r\n")
	gone.want("get first\r\n").answer("END\r\n")
	c.hear("END\r\n")
}

// A mutation of a key passes while its value is on the way: what was read is not written, it is read again.
func TestMutationPassesACopy(t *testing.T) {
	for _, mutation := range [][2]string{
		{"set first 0 0 1\r\ny\r\n", "STORED\r\n"},
		{"delete first\r\n", "DELETED\r\n"},
		{"incr first 1\r\n", "8\r\n"},
		{"flush_all\r\n", "OK\r\n"},
	} {
		r, c, gone, other := outage(t, 0, nil)
		r.returns(0)
		old := other.want("mg first v f t u\r\n")
		c.say(mutation[0])
		// The answer depends on the value, which is out of date.
		if mutation[0][0] == 'i' || mutation[0][0] == 'd' {
			gone.want("delete first\r\n").answer("DELETED\r\n")
		}
		g, o := gone.want(mutation[0]), other.want(mutation[0])
		old.answer("VA 1 f0 t-1\r\n7\r\n")
		again := other.want("mg first v f t u\r\n")
		o.answer(mutation[1])
		g.answer(mutation[1])
		c.hear(mutation[1])
		again.answer("EN\r\n")
		if mutation[0][0] == 'f' { // the others have replaced the old value, or followed its deletion
			gone.want("delete first\r\n").answer("NOT_FOUND\r\n")
		}
		r.back(0)
	}
}

// While a server is returning the other one decides; also about what has begun then and ends when the server is back:
// until that is settled the key is read where it was decided.
func TestOtherDecidesDuringTheReturn(t *testing.T) {
	r, c, gone, other := outage(t, 0, nil)
	reader := r.client()
	r.returns(0)
	copied := other.want("mg first v f t u\r\n")
	add := "add k 0 0 1\r\nx\r\n"
	c.say(add)
	g := gone.want(add)
	other.want(add) // its answer comes behind that to mg
	copied.answer("EN\r\nNOT_STORED\r\n")
	back := gone.want("delete first\r\n")
	r.back(0)
	for _, get := range []string{"get k\r\n", "get k l\r\n"} {
		reader.say(get)
		if get == "get k l\r\n" {
			gone.want("get l\r\n")
		}
		other.want("get k\r\n").answer("VALUE k 0 1\r\n7\r\nEND\r\n")
	}
	reader.hear("VALUE k 0 1\r\n7\r\nEND\r\n")
	g.answer("STORED\r\n") // the server that was away had lost the key
	back.answer("DELETED\r\nEND\r\n")
	c.hear("NOT_STORED\r\n")
	reader.hear("VALUE k 0 1\r\n7\r\nEND\r\n")
	copying := other.want("mg k v f t u\r\n") // it gets the value; until it has that, the other one is read
	reader.say("get k\r\n")
	o := other.want("get k\r\n")
	copying.answer("VA 1 f0 t-1\r\n7\r\n")
	o.answer("VALUE k 0 1\r\n7\r\nEND\r\n")
	reader.hear("VALUE k 0 1\r\n7\r\nEND\r\n")
	gone.want("ms k 1 F0\r\n7\r\n").answer("HD\r\n")
	r.clean(0)
	reader.say("get k\r\n")
	gone.want("get k\r\n").answer("END\r\n")
	reader.hear("END\r\n")
	r.on(0, func(sh *session.Shard) {
		if d := sh.Pools[0].Engine.Dirty(0); d.Len() > 0 {
			t.Errorf("%d keys are dirty", d.Len())
		}
	})
}

// More keys than are remembered: the server is flushed, and filled from the other one.
func TestServerMissedTooMuch(t *testing.T) {
	t.Parallel()
	r, c, gone, other := outage(t, 0, func(cfg *config.Config) { cfg.MaxDirty = 2 })
	for _, key := range []string{"a", "b", "c"} {
		c.say("delete " + key + "\r\n")
		other.want("delete " + key + "\r\n").answer("DELETED\r\n")
		c.hear("DELETED\r\n")
	}
	other.dump.Store("key=d exp=-1\nEND\r\n")
	r.returns(0)
	flush := gone.want("flush_all\r\n")
	other.want("mg d v f t u\r\n").answer("VA 1 f0 t-1\r\n7\r\n")
	gone.want("ms d 1 F0 ME\r\n7\r\n")
	c.say("get a\r\n")
	other.want("get a\r\n").answer("END\r\n")
	c.hear("END\r\n")
	flush.answer("OK\r\nHD\r\n")
	r.back(0)
	r.clean(0)
	c.say("get d\r\n")
	gone.want("get d\r\n").answer("VALUE d 0 1\r\n7\r\nEND\r\n")
	c.hear("VALUE d 0 1\r\n7\r\nEND\r\n")
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
