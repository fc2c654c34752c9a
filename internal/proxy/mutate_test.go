package proxy

import (
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// lost stands for a server that loses its connection instead of answering.
const lost = "(lost)"

// row is one line of the contract's table "Mutations", as a client and the two servers see it.
type row struct {
	name     string
	request  string
	p, b     string // the servers' answers
	client   string
	disagree string // what the backup is sent behind the client's back
}

var mutations = []row{
	{"set: STORED | STORED", "set k 5 0 2\r\nxy\r\n", "STORED\r\n", "STORED\r\n", "STORED\r\n", ""},
	{"set: STORED | lost", "set k 5 0 2\r\nxy\r\n", "STORED\r\n", lost, "STORED\r\n", ""},
	{
		"set: STORED | error", "set k 5 0 2\r\nxy\r\n", "STORED\r\n", "SERVER_ERROR out of memory storing object\r\n",
		"STORED\r\n", "delete k\r\n",
	},
	{"set: lost | STORED", "set k 5 0 2\r\nxy\r\n", lost, "STORED\r\n", "STORED\r\n", ""},
	{
		"set: SERVER_ERROR | STORED", "set k 5 0 2\r\nxy\r\n", "SERVER_ERROR out of memory storing object\r\n",
		"STORED\r\n", "SERVER_ERROR out of memory storing object\r\n", "delete k\r\n",
	},
	{
		"set: SERVER_ERROR | lost", "set k 5 0 2\r\nxy\r\n", "SERVER_ERROR object too large for cache\r\n", lost,
		"SERVER_ERROR object too large for cache\r\n", "",
	},
	{"any: lost | lost", "set k 5 0 2\r\nxy\r\n", lost, lost, "SERVER_ERROR ", ""},
	{"add: same answer", "add k 0 0 1\r\nx\r\n", "NOT_STORED\r\n", "NOT_STORED\r\n", "NOT_STORED\r\n", ""},
	{"add: other answer", "add k 0 0 1\r\nx\r\n", "STORED\r\n", "NOT_STORED\r\n", "STORED\r\n", "delete k\r\n"},
	{
		"add: other answer, the other way", "add k 0 0 1\r\nx\r\n", "NOT_STORED\r\n", "STORED\r\n", "NOT_STORED\r\n",
		"delete k\r\n",
	},
	{"add: lost | answer", "add k 0 0 1\r\nx\r\n", lost, "NOT_STORED\r\n", "NOT_STORED\r\n", ""},
	{
		"replace: other answer", "replace k 0 0 1\r\nx\r\n", "NOT_STORED\r\n", "STORED\r\n", "NOT_STORED\r\n",
		"delete k\r\n",
	},
	{"append: other answer", "append k 0 0 1\r\nx\r\n", "STORED\r\n", "NOT_STORED\r\n", "STORED\r\n", "delete k\r\n"},
	{"prepend: same answer", "prepend k 0 0 1\r\nx\r\n", "STORED\r\n", "STORED\r\n", "STORED\r\n", ""},
	{"incr: n | n", "incr k 2\r\n", "42\r\n", "42\r\n", "42\r\n", ""},
	{"incr: n | another", "incr k 2\r\n", "42\r\n", "43\r\n", "42\r\n", "delete k\r\n"},
	{"incr: n | NOT_FOUND", "incr k 2\r\n", "42\r\n", "NOT_FOUND\r\n", "42\r\n", "delete k\r\n"},
	{"incr: NOT_FOUND | n", "incr k 2\r\n", "NOT_FOUND\r\n", "42\r\n", "NOT_FOUND\r\n", "delete k\r\n"},
	{"incr: lost | n", "incr k 2\r\n", lost, "42\r\n", "42\r\n", ""},
	{"decr: n | lost", "decr k 2\r\n", "9 \r\n", lost, "9 \r\n", ""},
	{"delete: DELETED | NOT_FOUND", "delete k\r\n", "DELETED\r\n", "NOT_FOUND\r\n", "DELETED\r\n", ""},
	{"delete: NOT_FOUND | DELETED", "delete k\r\n", "NOT_FOUND\r\n", "DELETED\r\n", "NOT_FOUND\r\n", ""},
	{"delete: lost | answer", "delete k\r\n", lost, "NOT_FOUND\r\n", "NOT_FOUND\r\n", ""},
	{"touch: same answer", "touch k 10\r\n", "TOUCHED\r\n", "TOUCHED\r\n", "TOUCHED\r\n", ""},
	{"touch: disagreed", "touch k 10\r\n", "TOUCHED\r\n", "NOT_FOUND\r\n", "TOUCHED\r\n", "delete k\r\n"},
	{"touch: lost | answer", "touch k 10\r\n", lost, "TOUCHED\r\n", "TOUCHED\r\n", ""},
	{"ms: HD | NS", "ms k 1 T9\r\nx\r\n", "HD\r\n", "NS\r\n", "HD\r\n", "delete k\r\n"},
	{"ms in base64: HD | NS", "ms YSBi 1 b\r\nx\r\n", "HD\r\n", "NS\r\n", "HD\r\n", "md YSBi b\r\n"},
	{"md: HD | NF", "md k\r\n", "HD\r\n", "NF\r\n", "HD\r\n", ""},
	{"ma: VA n | VA another", "ma k v\r\n", "VA 1\r\n7\r\n", "VA 1\r\n8\r\n", "VA 1\r\n7\r\n", "delete k\r\n"},
	{"ma: VA n | VA n", "ma k v\r\n", "VA 1\r\n7\r\n", "VA 1\r\n7\r\n", "VA 1\r\n7\r\n", ""},
	{"mg with T: VA | EN", "mg k v T9\r\n", "VA 1\r\n7\r\n", "EN\r\n", "VA 1\r\n7\r\n", "delete k\r\n"},
}

// reply answers or loses a request.
func (a *ask) reply(text string) {
	if text == lost {
		a.reset()
	} else {
		a.answer(text)
	}
}

// disagreed waits until a key is deleted on the backup, unless forget, the command for it, is empty. The copy that is
// then made of the primary's item is none: it has gone.
func disagreed(p, b *fake, forget string) {
	b.t.Helper()
	if forget == "" {
		return
	}
	name, key, _ := strings.Cut(strings.TrimSuffix(forget, "\r\n"), " ")
	b.want(forget).answer(map[string]string{"delete": "DELETED\r\n", "md": "HD\r\n"}[name])
	p.want("mg " + key + " v f t u\r\n").answer("EN\r\n")
}

// next is a mutation that comes after: what a server is asked between shows.
const next = "delete next\r\n"

func (w row) check(t *testing.T, backupFirst bool) {
	r, p, b := pair(t, nil)
	c := r.client()
	c.say(w.request)
	pa, ba := p.want(w.request), b.want(w.request)
	if backupFirst {
		ba.reply(w.b)
		r.eventually(0, "the backup's answer", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[1].Pending() == 0
		})
		pa.reply(w.p)
	} else {
		pa.reply(w.p)
		r.eventually(0, "the primary's answer", func(sh *session.Shard) bool {
			return sh.Pools[0].Conns[0].Pending() == 0
		})
		ba.reply(w.b)
	}
	if strings.HasSuffix(w.client, "\r\n") {
		c.hear(w.client)
	} else if line := c.line(); !strings.HasPrefix(line, w.client) {
		t.Errorf("the client got %q, want %q...", line, w.client)
	}
	if w.p == lost && w.b == lost {
		c.nothing()
		return
	}
	c.say(next)
	disagreed(p, b, w.disagree)
	if w.p != lost {
		p.want(next).answer("DELETED\r\n")
	}
	if w.b != lost {
		b.want(next).answer("DELETED\r\n")
	}
	c.hear("DELETED\r\n")
	disagreements := "0"
	if w.disagree != "" {
		disagreements = "1"
	}
	if s := c.stats(""); s["proxy_disagreements"] != disagreements {
		t.Errorf("%s disagreements counted, want %s", s["proxy_disagreements"], disagreements)
	}
}

func TestMutations(t *testing.T) {
	for _, w := range mutations {
		t.Run(w.name, func(t *testing.T) {
			w.check(t, false)
			w.check(t, true)
		})
	}
}

// noreply is stripped on the way to the servers, and their answers are swallowed; q of a meta command likewise.
func TestNoreply(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	for _, q := range []struct{ request, wire, p, b, client, disagree string }{
		{"set k 0 0 1 noreply\r\nx\r\n", "set k 0 0 1\r\nx\r\n", "STORED\r\n", "STORED\r\n", "", ""},
		{
			"set k 0 0 1 noreply\r\nx\r\n", "set k 0 0 1\r\nx\r\n", "SERVER_ERROR out of memory\r\n", "STORED\r\n", "",
			"delete k\r\n",
		},
		{"add k 0 0 1 noreply\r\nx\r\n", "add k 0 0 1\r\nx\r\n", "NOT_STORED\r\n", "NOT_STORED\r\n", "", ""},
		{"delete k noreply\r\n", "delete k\r\n", "DELETED\r\n", "NOT_FOUND\r\n", "", ""},
		{"incr k 1 noreply\r\n", "incr k 1\r\n", "1\r\n", "1\r\n", "", ""},
		{"touch k 1 noreply\r\n", "touch k 1\r\n", "TOUCHED\r\n", "TOUCHED\r\n", "", ""},
		{"flush_all noreply\r\n", "flush_all\r\n", "OK\r\n", "OK\r\n", "", ""},
		{"ms k 1 q\r\nx\r\n", "ms k 1\r\nx\r\n", "HD\r\n", "HD\r\n", "", ""},
		{"ms k 1 q T0\r\nx\r\n", "ms k 1 T0\r\nx\r\n", "NS\r\n", "NS\r\n", "NS\r\n", ""},
		{"md k q\r\n", "md k\r\n", "HD\r\n", "NF\r\n", "", ""},
		{"verbosity 1 noreply\r\n", "", "", "", "", ""},
	} {
		c.say(q.request)
		if q.wire != "" {
			p.want(q.wire).answer(q.p)
			b.want(q.wire).answer(q.b)
		}
		disagreed(p, b, q.disagree)
		c.hear(q.client)
		c.nothing()
	}
}

// Two clients race for one key: primary and backup are asked in the same order.
func TestBothCopiesSeeOneOrder(t *testing.T) {
	r, p, b := oldPair(t, nil)
	clients := []*client{r.client(), r.client()}
	const each = session.WindowStart
	for i := range each {
		for n, c := range clients {
			c.say([]string{"append k 0 0 1 noreply\r\na\r\n", "incr k 1 noreply\r\n"}[(i+n)%2])
		}
	}
	for range each * len(clients) {
		a := testkit.Await(t, "the primary", p.asked)
		b.want(a.text)
	}
}

func TestAckPrimary(t *testing.T) {
	r, p, b := oldPair(t, func(cfg *config.Config) { cfg.Pools[0].Ack = config.AckPrimary })
	c := r.client()
	set := "set k 0 0 1\r\nx\r\n"

	c.say(set) // the primary's answer is enough
	p.want(set).answer("STORED\r\n")
	c.hear("STORED\r\n")
	b.want(set).answer("STORED\r\n")

	c.say(set) // the backup's alone is not
	b.want(set).answer("STORED\r\n")
	r.eventually(0, "the backup's answer", func(sh *session.Shard) bool { return sh.Pools[0].Conns[1].Pending() == 0 })
	p.want(set).answer("STORED\r\n")
	c.hear("STORED\r\n")
	c.nothing()

	c.say("incr k 1\r\n") // a disagreement is repaired behind the client's back
	p.want("incr k 1\r\n").answer("5\r\n")
	c.hear("5\r\n")
	b.want("incr k 1\r\n").answer("4\r\n")
	b.want("delete k\r\n").answer("DELETED\r\n")

	c.say(set) // without the primary, the backup's answer counts
	p.want(set).reset()
	b.want(set).answer("STORED\r\n")
	c.hear("STORED\r\n")
	c.nothing()
}

func TestFlushAll(t *testing.T) {
	for _, w := range []struct {
		answers []string
		want    string
	}{
		{[]string{"OK\r\n", "OK\r\n", "OK\r\n"}, "OK\r\n"},
		{
			[]string{"OK\r\n", "CLIENT_ERROR flush_all not allowed\r\n", "OK\r\n"},
			"CLIENT_ERROR flush_all not allowed\r\n",
		},
		{[]string{"OK\r\n", "OK\r\n", lost}, "OK\r\n"},
		{[]string{lost, "OK\r\n", lost}, "OK\r\n"},
		{[]string{lost, lost, lost}, "SERVER_ERROR flush_all may not have been carried out on"},
	} {
		r := start(t, 2, 1, nil)
		c := r.client()
		c.say("flush_all\r\n")
		for i, s := range r.servers {
			s.want("flush_all\r\n").reply(w.answers[i])
		}
		if line := c.line(); !strings.HasPrefix(line, w.want) {
			t.Errorf("%q: %q, want %q", w.answers, line, w.want)
		}
		c.nothing()
	}
}

// A server that refuses a set may have executed its value, and answered that, too. Nobody gets what comes behind the
// refusal: the connection is given up, the backup answers, and the key is dirty on the server.
func TestSetRefusedByAServer(t *testing.T) {
	for _, refusal := range []string{"ERROR\r\n", "CLIENT_ERROR bad command line format\r\n"} {
		r, p, b := pair(t, nil)
		c, other := r.client(), r.client()
		b.answers(func(text string) string {
			if text == "get secret\r\n" {
				return "VALUE secret 0 1\r\ns\r\nEND\r\n"
			}
			return "STORED\r\n"
		})
		c.say("set k 0 0 9\r\nflush_all\r\n")
		first := p.want("set k 0 0 9\r\nflush_all\r\n")
		other.say("get secret\r\n")
		p.want("get secret\r\n")
		first.answer(refusal + "END\r\nVALUE secret 0 1\r\ns\r\nEND\r\n") // END is for the value
		c.hear("STORED\r\n")
		other.hear("VALUE secret 0 1\r\ns\r\nEND\r\n")
		r.eventually(0, "the key is dirty", func(sh *session.Shard) bool {
			return !sh.Pools[0].Health.Usable(0) && sh.Pools[0].Engine.Dirty(0).Has([]byte("k"))
		})
	}
}
