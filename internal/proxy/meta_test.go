package proxy

import (
	"fmt"
	"strings"
	"testing"

	"magent/backend/hello"
	"magent/internal/session"
)

// mixed is a pair whose servers have these meta commands, and say who they are.
func mixed(t *testing.T, p, b hello.MetaForm) (*rig, *client) {
	t.Helper()
	r := startAs(t, 1000, 1, 1, nil, p, b)
	r.eventually(0, "the servers were asked", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	return r, r.client()
}

// closeAll ends the connections that there are.
func (f *fake) closeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

// lacksMeta is what a client is told of a server without meta commands.
func lacksMeta(f *fake) string {
	return fmt.Sprintf("SERVER_ERROR %s: it lacks the meta commands of memcached 1.6.10 and later\r\n",
		f.addr.String())
}

var metaRequests = []string{
	"mg k v\r\n", "mg k v T9\r\n", "ms k 11\r\nflush_all\r\n\r\n", "ms k 11 C7\r\nflush_all\r\n\r\n",
	"ms k 11 q\r\nflush_all\r\n\r\n",
	"ms aw== 11 b\r\nflush_all\r\n\r\n", "md k\r\n", "md k C7\r\n", "ma k\r\n", "me k\r\n",
}

// A meta command does not go to a pair one of whose servers lacks it, and its body is no command; the client is told
// which server that is. A read needs the primary alone.
func TestMetaCommandsThatAServerLacks(t *testing.T) {
	const full, old, none = hello.FullMeta, hello.OldMeta, hello.NoMeta
	for _, pair := range [][2]hello.MetaForm{
		{none, none},
		{old, old},
		{none, full},
		{full, none},
		{old, full},
		{full, old},
	} {
		r, c := mixed(t, pair[0], pair[1])
		p, b := r.servers[0], r.servers[1]
		lacking := p
		if pair[0] == full {
			lacking = b
		}
		for _, request := range metaRequests {
			c.say(request)
			read := request == "mg k v\r\n" || request == "me k\r\n"
			if read && pair[0] == full {
				p.want(request).answer("EN\r\n")
				c.hear("EN\r\n")
				continue
			}
			c.hear(lacksMeta(lacking))
		}
		c.say("set k 0 0 1\r\n1\r\n")
		p.want("set k 0 0 1\r\n1\r\n").answer("STORED\r\n")
		b.want("set k 0 0 1\r\n1\r\n").answer("STORED\r\n")
		c.hear("STORED\r\n")
		c.nothing()
	}
}

// While the copy that lacks them is away, the other one carries meta commands out.
func TestMetaCommandsWithoutTheServerThatLacksThem(t *testing.T) {
	for away := range 2 {
		forms := []hello.MetaForm{hello.FullMeta, hello.FullMeta}
		forms[away] = hello.NoMeta
		r, c := mixed(t, forms[0], forms[1])
		gone, other := r.servers[away], r.servers[1-away]
		c.say("set k 0 0 1\r\n1\r\n")
		gone.want("set k 0 0 1\r\n1\r\n").reset()
		other.want("set k 0 0 1\r\n1\r\n").answer("STORED\r\n")
		c.hear("STORED\r\n")
		r.away(away)
		for _, x := range [][2]string{{"mg k v\r\n", "VA 1\r\n1\r\n"}, {"ms k 1\r\n2\r\n", "HD\r\n"}} {
			c.say(x[0])
			other.want(x[0]).answer(x[1])
			c.hear(x[1])
		}
		r.returns(away)
		gone.want("delete k\r\n").answer("DELETED\r\n")
		r.back(away)
	}
}

// A read that the primary loses cannot be asked of a backup that lacks it.
func TestMetaReadThatOnlyThePrimaryHas(t *testing.T) {
	r, c := mixed(t, hello.FullMeta, hello.NoMeta)
	c.say("mg k v\r\n")
	r.servers[0].want("mg k v\r\n").reset()
	c.hear(lacksMeta(r.servers[1]))
}

// A server is replaced by an older one. What was collected while it was connected to again is not sent to it, if it
// lacks it, and is answered in its turn.
func TestServerIsReplacedByAnOlderOne(t *testing.T) {
	for _, form := range []hello.MetaForm{hello.NoMeta, hello.OldMeta} {
		r := start(t, 1, 0, nil)
		c, s := r.client(), r.servers[0]
		lived(c, s)
		var got strings.Builder
		answers := map[string]string{"set k 0 0 1\r\n1\r\n": "STORED\r\n", "get k\r\n": "END\r\n"}
		s.answers(func(text string) string { got.WriteString(text); return answers[text] })
		s.meta.Store(int64(form))
		s.greet.Lock()
		s.closeAll()
		r.eventually(0, "a new connection", func(sh *session.Shard) bool { return !sh.Pools[0].Conns[0].Ready() })
		c.say("set k 0 0 1\r\n1\r\n" + strings.Join(metaRequests, "") + "get k\r\n")
		c2 := r.client()
		c2.nothing() // all was read
		s.greet.Unlock()
		c.hear("STORED\r\n" + strings.Repeat(lacksMeta(s), len(metaRequests)) + "END\r\n")
		c.nothing()
		if want := "set k 0 0 1\r\n1\r\nget k\r\n"; got.String() != want {
			t.Errorf("the server got %q, want %q", got.String(), want)
		}
	}
}

// Of a pair, what the backup takes and the primary lacks is answered as the primary would, and goes from the backup.
func TestPrimaryIsReplacedByAnOlderOne(t *testing.T) {
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	p.meta.Store(int64(hello.NoMeta))
	p.greet.Lock()
	p.closeAll()
	r.eventually(0, "a new connection", func(sh *session.Shard) bool { return !sh.Pools[0].Conns[0].Ready() })
	c.say("ms k 11\r\nflush_all\r\n\r\n")
	taken := b.want("ms k 11\r\nflush_all\r\n\r\n")
	p.greet.Unlock()
	taken.answer("HD\r\n")
	c.hear(lacksMeta(p))
	b.want("delete k\r\n").answer("DELETED\r\n")
	c.nothing()
}

// A server with the old form is filled, in that form: its values are never commands.
func TestRefillInTheOldForm(t *testing.T) {
	t.Parallel()
	const old, full = hello.OldMeta, hello.FullMeta
	value := "flush_all\r\n"
	for _, forms := range [][2]hello.MetaForm{{old, old}, {old, full}, {full, old}} {
		r, c := mixed(t, forms[0], forms[1])
		p, b := r.servers[0], r.servers[1]
		lived(c, p)
		b.dump.Store("OK\r\nkey=k exp=-1 \nkey=a%20b exp=-1 \nEND\r\n")
		p.restarts()
		b.want("mg k v f t u\r\n").answer("VA 11 f3 t50\r\n" + value + "\r\n")
		length := map[hello.MetaForm]string{old: "S11", full: "11"}[forms[0]]
		done := map[hello.MetaForm]string{old: "OK \r\n", full: "HD\r\n"}[forms[0]]
		p.want("ms k " + length + " F3 T50 ME\r\n" + value + "\r\n").answer(done)
		r.back(0)
		r.on(0, func(sh *session.Shard) {
			if n := sh.Pools[0].Engine.Tally(0); n.Refills != 1 {
				t.Errorf("%v: %+v", forms, n)
			}
		})
		// a dirty key is copied, too
		c.say("incr k 1\r\n")
		p.want("incr k 1\r\n").answer("2\r\n")
		b.want("incr k 1\r\n").answer("3\r\n")
		c.hear("2\r\n")
		b.want("delete k\r\n").answer("DELETED\r\n")
		p.want("mg k v f t u\r\n").answer("VA 1 f0 t-1\r\n2\r\n")
		length = map[hello.MetaForm]string{old: "S1", full: "1"}[forms[1]]
		b.want("ms k " + length +
			" F0 ME\r\n2\r\n").answer(map[hello.MetaForm]string{old: "OK \r\n", full: "HD\r\n"}[forms[1]])
		c.nothing()
	}
}

// A server that cannot be filled is read at once, and stats servers says why it lacks what it does.
func TestServerThatCannotBeFilled(t *testing.T) {
	for _, forms := range [][2]hello.MetaForm{
		{hello.NoMeta, hello.FullMeta},
		{hello.FullMeta, hello.NoMeta},
	} {
		r, c := mixed(t, forms[0], forms[1])
		p, b := r.servers[0], r.servers[1]
		lived(c, p)
		if why := c.stats("servers")["server:0:not_filled"]; why != "" {
			t.Errorf("before: %q", why)
		}
		b.dump.Store("key=k exp=-1\nEND\r\n")
		p.restarts()
		r.eventually(0, "the server is there again", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Engine.Incomplete(0)
		})
		c.say("get k\r\n")
		p.want("get k\r\n").answer("END\r\n")
		c.hear("END\r\n")
		lacking := p
		if forms[0] == hello.FullMeta {
			lacking = b
		}
		stats := c.stats("servers")
		if why := stats["server:0:not_filled"]; !strings.HasPrefix(why,
			lacking.addr.String()+" has no meta commands") {
			t.Errorf("why it is not filled: %q", why)
		}
		for i, form := range forms {
			if got := stats[fmt.Sprintf("server:%d:meta_commands", i)]; got != form.String() {
				t.Errorf("server %d: meta commands %q, want %v", i, got, form)
			}
		}
	}
}
