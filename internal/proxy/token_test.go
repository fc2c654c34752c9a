package proxy

import (
	"fmt"
	"strings"
	"testing"

	"magent/backend"
	"magent/backend/hello"
	"magent/failover"
	"magent/internal/session"
)

// marked is a token of server i as a client has it.
func (r *rig) marked(i int, token uint64) string {
	id := failover.Identity{PID: r.servers[i].pid.Load(), Start: 1000}
	return fmt.Sprint(id.CasTag(r.servers[i].addr.String())<<48 | token)
}

// none fits nothing: what a token becomes that is not from the copy that answers for the key.
const none = "4611686018427387904"

// A client sees tokens with the mark of the server that they are from, in every reply that has one.
func TestTokensAreMarked(t *testing.T) {
	r, p, b := knownPair(t)
	c := r.client()
	m7, m8 := r.marked(0, 7), r.marked(0, 8)
	for _, x := range []struct{ request, reply, want string }{
		{"gets k\r\n", "VALUE k 0 1 7\r\nx\r\nEND\r\n", "VALUE k 0 1 " + m7 + "\r\nx\r\nEND\r\n"},
		{
			"gets k l\r\n", "VALUE k 0 1 7\r\nx\r\nVALUE l 0 1 8\r\ny\r\nEND\r\n",
			"VALUE k 0 1 " + m7 + "\r\nx\r\nVALUE l 0 1 " + m8 + "\r\ny\r\nEND\r\n",
		},
		{"get k\r\n", "VALUE k 0 1\r\n7\r\nEND\r\n", "VALUE k 0 1\r\n7\r\nEND\r\n"},
		{"mg k c v\r\n", "VA 2 c7\r\nc7\r\n", "VA 2 c" + m7 + "\r\nc7\r\n"},
		{"mg c7 k v\r\n", "VA 1 kc7\r\nx\r\n", "VA 1 kc7\r\nx\r\n"},
	} {
		c.say(x.request)
		p.want(x.request).answer(x.reply)
		c.hear(x.want)
	}
	for _, x := range []struct{ request, reply, want string }{
		{"ms k 1 c\r\nx\r\n", "HD c7\r\n", "HD c" + m7 + "\r\n"},
		{"ma k c v\r\n", "VA 1 c7\r\n5\r\n", "VA 1 c" + m7 + "\r\n5\r\n"},
		{"mg k T5 c\r\n", "HD c7\r\n", "HD c" + m7 + "\r\n"},
	} {
		c.say(x.request)
		p.want(x.request).answer(x.reply)
		b.want(x.request).answer(strings.Replace(x.reply, "c7", "c9", 1))
		c.hear(x.want)
		r.clean(1)
	}
}

// A compare reaches the server with the server's own token, and the backup without any. A token of the other copy, of
// an earlier run or of nobody becomes one that fits nothing.
func TestTokensOfOthersFitNothing(t *testing.T) {
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	c.say("cas k 5 0 1 " + r.marked(0, 7) + "\r\nx\r\n")
	p.want("cas k 5 0 1 7\r\nx\r\n").answer("STORED\r\n")
	b.want("set k 5 0 1\r\nx\r\n").answer("STORED\r\n")
	c.hear("STORED\r\n")
	c.say("md k q C" + r.marked(0, 7) + "\r\nmn\r\n")
	p.want("md k C7\r\n").answer("HD\r\n")
	b.want("md k\r\n").answer("HD\r\n")
	c.hear("MN\r\n")
	earlier := failover.Identity{PID: 1000, Start: 999}
	for n, token := range []string{
		r.marked(1, 7), fmt.Sprint(earlier.CasTag(p.addr.String())<<48 | 7), "7", "0",
		none,
	} {
		c.say("cas k 5 0 1 " + token + "\r\nx\r\n")
		p.want("cas k 5 0 1 " + none + "\r\nx\r\n").answer("EXISTS\r\n")
		c.hear("EXISTS\r\n")
		c.say("ma k C" + token + " k\r\n")
		p.want("ma k C" + none + " k v\r\n").answer("NF kk\r\n")
		c.hear("NF kk\r\n")
		r.on(0, func(sh *session.Shard) {
			if got := sh.Pools[0].Engine.Tally(0).CasRefused; got != uint64(2*n+2) {
				t.Errorf("%s: %d are counted", token, got)
			}
		})
	}
}

// After a failover the token of the server that is away fits nothing, and that of the other copy does.
func TestTokensAfterAFailover(t *testing.T) {
	r, p, b := knownPair(t)
	c := r.client()
	old := r.marked(0, 7)
	lived(c, p)
	r.on(0, func(sh *session.Shard) { sh.Pools[0].Conns[0].Close(backend.ErrGarbage) })
	r.away(0)
	c.say("gets k\r\n")
	b.want("gets k\r\n").answer("VALUE k 0 1 7\r\nx\r\nEND\r\n")
	c.hear("VALUE k 0 1 " + r.marked(1, 7) + "\r\nx\r\nEND\r\n")
	c.say("cas k 5 0 1 " + old + "\r\nx\r\n")
	b.want("cas k 5 0 1 " + none + "\r\nx\r\n").answer("EXISTS\r\n")
	c.hear("EXISTS\r\n")
	c.say("cas k 5 0 1 " + r.marked(1, 7) + "\r\nx\r\n")
	b.want("cas k 5 0 1 7\r\nx\r\n").answer("STORED\r\n")
	c.hear("STORED\r\n")
}

// Where there are no backups tokens are passed on as they are.
func TestTokensWithoutBackups(t *testing.T) {
	r := startAs(t, 1000, 1, 0, nil, hello.FullMeta)
	c, p := r.client(), r.servers[0]
	for _, x := range [][2]string{
		{"gets k\r\n", "VALUE k 0 1 7\r\nx\r\nEND\r\n"},
		{"cas k 5 0 1 7\r\nx\r\n", "STORED\r\n"},
	} {
		c.say(x[0])
		p.want(x[0]).answer(x[1])
		c.hear(x[1])
	}
}
