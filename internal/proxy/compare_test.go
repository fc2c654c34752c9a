package proxy

import (
	"net"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
)

const (
	cas  = "cas k 5 0 1 99\r\nx\r\n"
	then = "set k 5 0 1\r\nx\r\n" // what it becomes for the backup
)

// The rows of cas in the table "Mutations": the primary alone is asked first, the backup gets a set afterwards.
func TestCompare(t *testing.T) {
	for _, w := range []struct {
		name             string
		request, first   string
		p                string
		second, b        string // empty: the backup is not asked
		client, disagree string
	}{
		{"cas: STORED, then set", cas, cas, "STORED\r\n", then, "STORED\r\n", "STORED\r\n", ""},
		{
			"cas: STORED, the set fails", cas, cas, "STORED\r\n", then, "SERVER_ERROR out of memory\r\n", "STORED\r\n",
			"delete k\r\n",
		},
		{"cas: STORED, the backup is lost", cas, cas, "STORED\r\n", then, lost, "STORED\r\n", ""},
		{"cas: EXISTS", cas, cas, "EXISTS\r\n", "", "", "EXISTS\r\n", ""},
		{"cas: NOT_FOUND", cas, cas, "NOT_FOUND\r\n", "", "", "NOT_FOUND\r\n", ""},
		{
			"cas: SERVER_ERROR", cas, cas, "SERVER_ERROR out of memory\r\n", "", "", "SERVER_ERROR out of memory\r\n",
			"",
		},
		{"cas: lost", cas, cas, lost, "", "", "EXISTS\r\n", ""},
		{"cas noreply", "cas k 5 0 1 99 noreply\r\nx\r\n", cas, "STORED\r\n", then, "STORED\r\n", "", ""},
		{
			"ms with C", "ms k 1 C99 T5\r\nx\r\n", "ms k 1 C99 T5\r\nx\r\n", "HD\r\n", "ms k 1 T5\r\nx\r\n", "HD\r\n",
			"HD\r\n", "",
		},
		{"ms with C: EX", "ms k 1 C99\r\nx\r\n", "ms k 1 C99\r\nx\r\n", "EX\r\n", "", "", "EX\r\n", ""},
		{"ms with C: lost", "ms k 1 C99\r\nx\r\n", "ms k 1 C99\r\nx\r\n", lost, "", "", "EX\r\n", ""},
		{
			"ms with C and k and O: lost", "ms k 1 C99 q O12 T0 k\r\nx\r\n", "ms k 1 C99 O12 T0 k\r\nx\r\n", lost,
			"", "", "EX O12 kk\r\n", "",
		},
		{
			"md with C and k in base64: lost", "md aw== k C99 b O\r\n", "md aw== k C99 b O\r\n", lost, "", "",
			"EX kaw== b O\r\n", "",
		},
		{"ma with C in base64: lost", "ma aw== C99 b\r\n", "ma aw== C99 b v\r\n", lost, "", "", "EX\r\n", ""},
		{"md with C and q", "md k q C99\r\n", "md k C99\r\n", "HD\r\n", "md k\r\n", "NF\r\n", "", ""},
		{
			"ma with C", "ma k C99 v\r\n", "ma k C99 v\r\n", "VA 1\r\n3\r\n", "ma k v\r\n", "VA 1\r\n4\r\n",
			"VA 1\r\n3\r\n", "delete k\r\n",
		},
	} {
		t.Run(w.name, func(t *testing.T) {
			r, p, b := pair(t, nil)
			c := r.client()
			c.say(w.request)
			p.want(w.first).reply(w.p)
			if w.second != "" {
				b.want(w.second).reply(w.b)
			}
			c.hear(w.client)
			c.nothing()
			c.say(next)
			disagreed(p, b, w.disagree)
			if w.p != lost {
				p.want(next).answer("DELETED\r\n")
			}
			if w.b != lost {
				b.want(next).answer("DELETED\r\n")
			}
			c.hear("DELETED\r\n")
		})
	}
}

// During the first step of a cas, other mutations of its key go to the primary at once. On the way to the backup they
// wait for it. So both copies get them in the same order. Other keys do not wait.
func TestMutationsBehindACompare(t *testing.T) {
	const set, incr, drop = "set k 0 0 1\r\n1\r\n", "incr k 1\r\n", "delete k\r\n"
	for _, w := range []struct {
		name    string
		answer  string   // to the cas
		client  string   // what its client hears
		behind  []string // requests of other clients, in this order
		p, b    []string // the answers of the copies to them
		clients []string // and what those clients hear
		before  []string // what the backup gets before the cas is decided
		after   []string // and what afterwards
	}{
		{
			"set", "STORED\r\n", "STORED\r\n",
			[]string{set},
			[]string{"STORED\r\n"},
			[]string{"STORED\r\n"},
			[]string{"STORED\r\n"},
			nil,
			[]string{then, set},
		},
		{
			"set, incr, delete", "STORED\r\n", "STORED\r\n",
			[]string{set, incr, drop},
			[]string{"STORED\r\n", "2\r\n", "DELETED\r\n"},
			[]string{"STORED\r\n", "2\r\n", "DELETED\r\n"},
			[]string{"STORED\r\n", "2\r\n", "DELETED\r\n"},
			nil,
			[]string{then, set, incr, drop},
		},
		{
			"after EXISTS", "EXISTS\r\n", "EXISTS\r\n",
			[]string{incr},
			[]string{"2\r\n"},
			[]string{"2\r\n"},
			[]string{"2\r\n"},
			nil,
			[]string{incr},
		},
		{
			"another key", "STORED\r\n", "STORED\r\n",
			[]string{"incr other 1\r\n"},
			[]string{"2\r\n"},
			[]string{"2\r\n"},
			[]string{"2\r\n"},
			[]string{"incr other 1\r\n"},
			[]string{then},
		},
		// This goes to all keys at once and does not wait; afterwards the backup's copy is given up.
		{
			"flush_all", "STORED\r\n", "STORED\r\n",
			[]string{"flush_all\r\n"},
			[]string{"OK\r\n"},
			[]string{"OK\r\n"},
			[]string{"OK\r\n"},
			[]string{"flush_all\r\n"},
			[]string{then, drop},
		},
	} {
		t.Run(w.name, func(t *testing.T) {
			r, p, b := oldPair(t, nil)
			c, d := r.client(), r.client()
			c.say(cas)
			first := p.want(cas)
			answers := map[string]string{then: "STORED\r\n", drop: "DELETED\r\n"}
			for i, request := range w.behind {
				answers[request] = w.b[i]
				d.say(request)
				p.want(request)
			}
			for i, text := range w.before {
				b.want(text).answer(w.b[i])
			}
			r.on(0, func(*session.Shard) {})
			if len(b.asked) > 0 {
				t.Errorf("the backup was asked %q before the cas was decided", (<-b.asked).text)
			}
			first.answer(w.answer)
			for _, answer := range w.p {
				first.answer(answer)
			}
			for _, text := range w.after {
				b.want(text).answer(answers[text])
			}
			c.hear(w.client)
			for _, text := range w.clients {
				d.hear(text)
			}
			d.say(next)
			p.want(next).answer("DELETED\r\n")
			b.want(next).answer("DELETED\r\n")
			d.hear("DELETED\r\n")
			r.on(0, func(sh *session.Shard) {
				if *session.Assembly(sh) != 0 || *session.Unsent(sh) != 0 {
					t.Errorf("left over: %d bytes in assembly, %d unsent", *session.Assembly(sh), *session.Unsent(sh))
				}
			})
		})
	}
}

// Several compares of one key, and mutations between them: the backup gets all of it in the primary's order.
func TestComparesOfOneKey(t *testing.T) {
	const second = "cas k 0 0 1 100\r\ny\r\n"
	for _, w := range []struct{ answer, hear string }{{"STORED\r\n", "set k 0 0 1\r\ny\r\n"}, {"EXISTS\r\n", ""}} {
		r, p, b := oldPair(t, nil)
		c, d, e := r.client(), r.client(), r.client()
		c.say(cas)
		first := p.want(cas)
		e.say("incr k 1\r\n")
		p.want("incr k 1\r\n")
		d.say(second)
		p.want(second)
		e.say("incr k 2\r\n")
		p.want("incr k 2\r\n")

		first.answer("STORED\r\n1\r\n")
		b.want(then).answer("STORED\r\n")
		b.want("incr k 1\r\n").answer("1\r\n")
		c.hear("STORED\r\n")
		e.hear("1\r\n")
		first.answer(w.answer + "3\r\n")
		if w.hear != "" {
			b.want(w.hear).answer("STORED\r\n")
		}
		b.want("incr k 2\r\n").answer("3\r\n")
		d.hear(w.answer)
		e.hear("3\r\n")
		e.nothing()
	}
}

// The primary dies over a cas with others behind it: the backup carries them out.
func TestPrimaryLostOverACompare(t *testing.T) {
	r, p, b := oldPair(t, nil)
	c, d := r.client(), r.client()
	c.say(cas)
	a := p.want(cas)
	d.say("incr k 1\r\nset k 0 0 1\r\ny\r\n")
	p.want("incr k 1\r\n")
	p.want("set k 0 0 1\r\ny\r\n")
	a.reset()
	b.want("incr k 1\r\n").answer("7\r\n")
	b.want("set k 0 0 1\r\ny\r\n").answer("STORED\r\n")
	c.hear("EXISTS\r\n")
	d.hear("7\r\nSTORED\r\n")
}

// The backup dies meanwhile: what waited for it is done with the primary's answer.
func TestBackupLostOverACompare(t *testing.T) {
	r, p, b := oldPair(t, nil)
	c, d := r.client(), r.client()
	c.say(cas)
	a := p.want(cas)
	d.say("incr k 1\r\n")
	p.want("incr k 1\r\n")
	d.say("delete other\r\n")
	p.want("delete other\r\n")
	b.want("delete other\r\n").reset()
	r.eventually(0, "the backup's end", func(sh *session.Shard) bool { return !sh.Pools[0].Health.Usable(1) })
	a.answer("STORED\r\n7\r\nDELETED\r\n")
	c.hear("STORED\r\n")
	d.hear("7\r\nDELETED\r\n")
}

// The client of a cas leaves while it is under way, and those behind it too: everything is carried out to the end.
func TestClientLeavesOverACompare(t *testing.T) {
	r, p, b := oldPair(t, nil)
	c, d := r.client(), r.client()
	c.say(cas)
	a := p.want(cas)
	d.say("incr k 1\r\n")
	p.want("incr k 1\r\n")
	for _, who := range []*client{c, d} {
		_ = who.c.(*net.TCPConn).SetLinger(0)
		who.c.Close()
	}
	r.eventually(0, "the clients' end", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 0 })
	a.answer("STORED\r\n1\r\n")
	b.want(then).answer("STORED\r\n")
	b.want("incr k 1\r\n").answer("1\r\n")
}

// Where one copy is left, it is asked, and its own answer counts.
func TestCompareWithOneCopy(t *testing.T) {
	r, p, b := oldPair(t, nil)
	c := r.client()
	c.say("get k\r\n")
	p.want("get k\r\n").reset()
	b.want("get k\r\n").answer(miss)
	c.hear(miss)
	for _, answer := range []string{"STORED\r\n", "EXISTS\r\n", "NOT_FOUND\r\n"} {
		c.say(cas)
		b.want(cas).answer(answer)
		c.hear(answer)
	}
	c.nothing()

	r, p, b = oldPair(t, nil)
	c = r.client()
	c.say(next)
	b.want(next).reset()
	p.want(next).answer("DELETED\r\n")
	c.hear("DELETED\r\n")
	c.say(cas)
	p.want(cas).answer("STORED\r\n")
	c.hear("STORED\r\n")
	c.nothing()

	alone := start(t, 1, 0, nil)
	c = alone.client()
	c.say(cas + cas)
	alone.servers[0].want(cas).answer("STORED\r\n")
	alone.servers[0].want(cas).answer("EXISTS\r\n")
	c.hear("STORED\r\nEXISTS\r\n")
}

func TestCompareAckPrimary(t *testing.T) {
	r, p, b := oldPair(t, func(cfg *config.Config) { cfg.Pools[0].Ack = config.AckPrimary })
	c := r.client()
	c.say(cas)
	p.want(cas).answer("STORED\r\n")
	c.hear("STORED\r\n")
	b.want(then).answer("NOT_STORED\r\n")
	b.want("delete k\r\n").answer("DELETED\r\n")
	c.nothing()
}
