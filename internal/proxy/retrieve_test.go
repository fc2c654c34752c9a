package proxy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
)

// split is a set of keys with their servers.
type split struct {
	keys []string
	of   map[int][]string // primary: its keys, in order
}

// split returns n keys of which each primary has some, wherever their ports place keys.
func (r *rig) split(n int) split {
	for first := 0; ; first += 10 {
		s := split{of: map[int][]string{}}
		for i := range n {
			key := fmt.Sprintf("k%d", first+i)
			p, _ := r.place(key)
			s.keys = append(s.keys, key)
			s.of[p] = append(s.of[p], key)
		}
		if len(s.of) == len(r.svc.cfg.Pools[0].Servers) {
			return s
		}
	}
}

func block(key string) string { return fmt.Sprintf("VALUE %s 3 %d\r\n<%s>\r\n", key, len(key)+2, key) }

// blocks answers a get for all keys that hit says yes to.
func blocks(keys []string, hit func(string) bool) string {
	var out strings.Builder
	for _, key := range keys {
		if hit == nil || hit(key) {
			out.WriteString(block(key))
		}
	}
	return out.String() + "END\r\n"
}

func getLine(keys []string) string { return "get " + strings.Join(keys, " ") + "\r\n" }

// odd misses half of the keys.
func odd(key string) bool { return (key[len(key)-1]-'0')%2 == 1 }

func TestMultiGetIsSplitAndMerged(t *testing.T) {
	r := start(t, 3, 0, nil)
	c := r.client()
	s := r.split(20)
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		for _, hit := range []func(string) bool{nil, odd, func(string) bool { return false }} {
			c.say(getLine(s.keys))
			asks := map[int]*ask{}
			for p, keys := range s.of {
				asks[p] = r.servers[p].want(getLine(keys))
			}
			for _, p := range order {
				asks[p].answer(blocks(s.of[p], hit))
				r.eventually(0, "its answer", func(sh *session.Shard) bool {
					return sh.Pools[0].Conns[p].Pending() == 0
				})
			}
			c.hear(blocks(s.keys, hit))
		}
	}
	if g := c.stats(""); g["cmd_get"] != "180" || g["get_hits"] != "90" || g["get_misses"] != "90" {
		t.Errorf("%s gets, %s hits, %s misses; want 180, 90, 90", g["cmd_get"], g["get_hits"], g["get_misses"])
	}
}

func TestMultiGetWithAKeyTwice(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("gets a b a\r\n")
	answer := "VALUE a 0 1 7\r\nx\r\nVALUE a 0 1 7\r\nx\r\nEND\r\n"
	p.want("gets a b a\r\n").answer(answer)
	c.hear(answer)
}

// A reply with a key that was not asked for is that of somebody else: the connection is given up, what it would have
// answered is asked of the backup, and the client behind gets its own.
func TestMultiGetWithAnotherKey(t *testing.T) {
	for _, request := range []string{"get a b\r\n", "gets a b\r\n", "gat 5 a b\r\n"} {
		r, p, b := pair(t, nil)
		c, other := r.client(), r.client()
		b.answers(func(text string) string {
			switch text {
			case "get secret\r\n":
				return "VALUE secret 0 1\r\ns\r\nEND\r\n"
			case "touch a 5\r\n", "touch b 5\r\n":
				return "NOT_FOUND\r\n"
			}
			return miss
		})
		c.say(request)
		first := p.want(request)
		other.say("get secret\r\n")
		p.want("get secret\r\n")
		first.answer("VALUE b 0 1 7\r\nx\r\nVALUE secret 0 1 8\r\ns\r\nEND\r\nVALUE b 0 1 7\r\nx\r\nEND\r\n")
		if line := c.line(); line != miss {
			t.Fatalf("%q: %q", request, line)
		}
		other.hear("VALUE secret 0 1\r\ns\r\nEND\r\n")
		r.eventually(0, "the connection given up", func(sh *session.Shard) bool {
			return !sh.Pools[0].Health.Usable(0)
		})
	}
}

// A primary that is lost over its part: those keys are asked of their backups, and the client gets all of it.
func TestMultiGetRetriesItsLostPart(t *testing.T) {
	r := start(t, 2, 2, nil)
	c := r.client()
	s := r.split(20)
	for _, f := range r.servers[2:] {
		f.answers(func(text string) string { return blocks(strings.Fields(text)[1:], nil) })
	}
	c.say(getLine(s.keys))
	a, b := r.servers[0].want(getLine(s.of[0])), r.servers[1].want(getLine(s.of[1]))
	b.reset()
	r.eventually(0, "the loss", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(1) })
	a.answer(blocks(s.of[0], nil))
	c.hear(blocks(s.keys, nil))
	// The next one goes to the backups at once.
	c.say(getLine(s.keys))
	r.servers[0].want(getLine(s.of[0])).answer(blocks(s.of[0], odd))
	c.hear(blocks(s.keys, func(key string) bool {
		p, _ := r.place(key)
		return p == 1 || odd(key)
	}))
	if g := c.stats(""); g["proxy_conn_errors"] != "0" {
		t.Errorf("%s errors", g["proxy_conn_errors"])
	}
}

// Both copies of some keys are away. With backups that is an error; without, the hits that there are.
func TestMultiGetPartial(t *testing.T) {
	r := start(t, 2, 0, nil)
	c := r.client()
	s := r.split(20)
	c.say(getLine(s.keys))
	a, _ := r.servers[0].want(getLine(s.of[0])), r.servers[1].want(getLine(s.of[1]))
	r.servers[1].leave()
	a.answer(blocks(s.of[0], nil))
	onFirst := func(key string) bool { p, _ := r.place(key); return p == 0 }
	c.hear(blocks(s.keys, onFirst))
	c.say(getLine(s.of[1]))
	if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR ") {
		t.Errorf("all keys are lost: %q", line)
	}

	r = start(t, 2, 1, nil)
	c = r.client()
	s = r.split(20)
	c.say(getLine(s.keys))
	a, b := r.servers[0].want(getLine(s.of[0])), r.servers[1].want(getLine(s.of[1]))
	b.reset()
	r.servers[2].want(getLine(s.of[1])).reset()
	a.answer(blocks(s.of[0], nil))
	if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR ") {
		t.Errorf("some keys are lost on both copies: %q", line)
	}
	c.nothing()
}

// Without backups a multi-get returns the hits that there are. That also holds if several loops or pieces carry it
// out, and all keys of one of them are lost. It is an error only if all keys are lost.
func TestMultiGetPartialInPartsAndPieces(t *testing.T) {
	for threads := 1; threads <= 2; threads++ {
		r := start(t, 2, 0, func(cfg *config.Config) { cfg.Threads = threads })
		c := r.client()
		s := r.split(400)
		for id := range threads {
			r.eventually(id, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[1].Ready() })
		}
		r.servers[0].answers(func(text string) string { return blocks(strings.Fields(text)[1:], nil) })
		r.servers[1].leave()
		for id := range threads {
			r.eventually(id, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(1) })
		}
		live, dead := s.of[0], s.of[1]
		ask := func(want string, keys ...string) {
			t.Helper()
			c.say(getLine(keys))
			c.hear(want)
			c.nothing()
		}
		for i := range 10 { // keys of one loop, and of both
			ask(blocks(live[i:i+1], nil), live[i], dead[i])
			ask(blocks(live[i:i+1], nil), dead[i], live[i])
		}
		many := live[:session.PieceKeys]
		ask(blocks(many, nil), append(slices.Clone(many), dead[0])...)
		ask(blocks(many, nil), append(slices.Clone(dead[:session.PieceKeys]), many...)...)
		ask(blocks(many, nil), append(slices.Clone(many), dead[:2*session.PieceKeys]...)...)
		ask(blocks(live[:1], nil), append(slices.Clone(dead[:2*session.PieceKeys]), live[0])...)
		if got := c.stats("")["proxy_conn_errors"]; got != "0" {
			t.Errorf("%s errors", got)
		}
		for n, keys := range [][]string{
			dead[:1], dead[:10], dead[:3*session.PieceKeys],
			dead[:2*session.PieceKeys+1],
		} {
			c.say(getLine(keys))
			if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR ") {
				t.Errorf("all of %d keys are lost: %q", len(keys), line)
			}
			c.nothing()
			if got := c.stats("")["proxy_conn_errors"]; got != fmt.Sprint(n+1) {
				t.Errorf("%s errors, want %d", got, n+1)
			}
		}
	}
}

// With backups a lost piece is an error, wherever it is.
func TestVeryLongMultiGetLosesAPiece(t *testing.T) {
	r := start(t, 2, 1, nil)
	c := r.client()
	s := r.split(400)
	r.servers[0].answers(func(text string) string { return blocks(strings.Fields(text)[1:], nil) })
	r.servers[1].leave()
	r.servers[2].leave()
	for i := 1; i <= 2; i++ {
		r.eventually(0, "ejected", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(i) })
	}
	for _, at := range []int{0, session.PieceKeys, session.PieceKeys + 1} {
		keys := slices.Insert(slices.Clone(s.of[0][:session.PieceKeys+1]), at, s.of[1][0])
		c.say(getLine(keys))
		for line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR "); line = c.line() {
			if line == miss {
				t.Errorf("lost at %d: no error", at)
				break
			}
		}
		c.nothing()
	}
}

// A server's error line for its part is the answer to all.
func TestMultiGetRefused(t *testing.T) {
	r := start(t, 2, 0, nil)
	c := r.client()
	s := r.split(20)
	c.say(getLine(s.keys))
	a, b := r.servers[0].want(getLine(s.of[0])), r.servers[1].want(getLine(s.of[1]))
	b.answer("SERVER_ERROR out of memory writing get response\r\n")
	a.answer(blocks(s.of[0], nil))
	c.hear("SERVER_ERROR out of memory writing get response\r\n")
	c.nothing()
}

// gat: the primary answers, the backup is given the same exptime by touches.
func TestGatTouchesTheBackup(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	for _, w := range []struct{ request, read string }{
		{"gat 50 a b\r\n", "get a b\r\n"},
		{"gats 50 a b\r\n", "gets a b\r\n"},
	} {
		c.say(w.request)
		b.want("touch a 50\r\n").answer("TOUCHED\r\n")
		b.want("touch b 50\r\n").answer("NOT_FOUND\r\n")
		p.want(w.request).answer(block("a") + "END\r\n")
		c.hear(block("a") + "END\r\n")
	}
	// The primary is lost over it: the backup has been touched, so it is only read.
	c.say("gat 50 a b\r\n")
	b.want("touch a 50\r\n").answer("TOUCHED\r\n")
	b.want("touch b 50\r\n").answer("NOT_FOUND\r\n")
	p.want("gat 50 a b\r\n").reset()
	b.want("get a b\r\n").answer(block("a") + "END\r\n")
	c.hear(block("a") + "END\r\n")
	// And without a primary the backup is the one that is asked.
	c.say("gat 60 a\r\n")
	b.want("gat 60 a\r\n").answer(block("a") + "END\r\n")
	c.hear(block("a") + "END\r\n")
}

// A key that the backup has touched and the primary misses is deleted on the backup, as after a touch.
func TestGatDisagreement(t *testing.T) {
	for _, keys := range [][]string{{"a"}, {"a", "b", "c", "d"}} {
		r, p, b := pair(t, nil)
		c := r.client()
		request := "gat 50 " + strings.Join(keys, " ") + "\r\n"
		c.say(request)
		for i, key := range keys {
			b.want("touch " + key + " 50\r\n").answer([]string{
				"TOUCHED\r\n", "NOT_FOUND\r\n", "TOUCHED\r\n",
				"TOUCHED\r\n",
			}[i])
		}
		hits := func(key string) bool { return key == "c" }
		p.want(request).answer(blocks(keys, hits))
		c.hear(blocks(keys, hits))
		b.want("delete a\r\n").answer("DELETED\r\n")
		want := "1"
		if len(keys) > 1 {
			b.want("delete d\r\n").answer("DELETED\r\n")
			want = "2"
		}
		if got := c.stats("")["proxy_disagreements"]; got != want {
			t.Errorf("%s disagreements, want %s", got, want)
		}
		if len(b.asked) > 0 {
			t.Errorf("the backup was asked %q", (<-b.asked).text)
		}
	}
}

// The backup is touched for one key, and asked for another whose primary is away: that one is given its exptime, too.
func TestGatTouchesWhatIsNotTouchedYet(t *testing.T) {
	r := start(t, 2, 1, nil)
	c := r.client()
	s := r.split(20)
	p, away, b := r.servers[0], r.servers[1], r.servers[2]
	k0, k1 := s.of[0][0], s.of[1][0]
	c.say("get " + k1 + "\r\n")
	away.want("get " + k1 + "\r\n").reset()
	b.want("get " + k1 + "\r\n").answer(miss)
	c.hear(miss)
	request := "gat 50 " + k0 + " " + k1 + "\r\n"
	c.say(request)
	b.want("touch " + k0 + " 50\r\n").answer("TOUCHED\r\n")
	b.want("gat 50 " + k1 + "\r\n").answer(blocks([]string{k1}, nil))
	p.want("gat 50 " + k0 + "\r\n").reset()
	b.want("get " + k0 + "\r\n").answer(blocks([]string{k0}, nil))
	c.hear(blocks([]string{k0, k1}, nil))
}

// memcached closes a connection over a long gat line, so a long gat goes out as several.
func TestLongGat(t *testing.T) {
	r := start(t, 1, 0, nil)
	r.servers[0].answers(func(text string) string {
		if len(text) > 2048 {
			return "CLIENT_ERROR line too long\r\n"
		}
		return blocks(strings.Fields(text)[2:], nil)
	})
	c := r.client()
	var keys []string
	for i := range 31 {
		keys = append(keys, fmt.Sprintf("%s%d", strings.Repeat("x", 200), i))
	}
	c.say("gat 5 " + strings.Join(keys, " ") + "\r\n")
	c.hear(blocks(keys, nil))
}

// A multi-get of very many keys is carried out in pieces, which the client does not see.
func TestVeryLongMultiGet(t *testing.T) {
	for _, n := range []int{
		session.PieceKeys - 1, session.PieceKeys, session.PieceKeys + 1, 2 * session.PieceKeys,
		1000,
	} {
		r := start(t, 3, 0, nil)
		for _, f := range r.servers {
			f.answers(func(text string) string { return blocks(strings.Fields(text)[1:], odd) })
		}
		c := r.client()
		s := r.split(n)
		c.say(getLine(s.keys) + "get k1\r\n")
		c.hear(blocks(s.keys, odd) + blocks([]string{"k1"}, nil))
		c.nothing()
	}
}

// An error in one of the pieces ends the reply, and the connection stays in step.
func TestVeryLongMultiGetFails(t *testing.T) {
	r := start(t, 1, 0, nil)
	r.servers[0].answers(func(text string) string {
		if strings.Contains(text, " k40 ") {
			return "SERVER_ERROR no\r\n"
		}
		return blocks(strings.Fields(text)[1:], nil)
	})
	c := r.client()
	s := r.split(5 * session.PieceKeys)
	c.say(getLine(s.keys) + "get k1\r\n")
	c.hear(strings.TrimSuffix(blocks(s.keys[:session.PieceKeys], nil), "END\r\n") + "SERVER_ERROR no\r\n" +
		blocks([]string{"k1"}, nil))
	c.nothing()
}
