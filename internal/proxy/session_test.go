package proxy

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
)

// Replies come in the order of the requests, however the servers order theirs.
func TestPipelinedRepliesKeepTheirOrder(t *testing.T) {
	r := start(t, 3, 0, nil)
	c := r.client()
	var keys [3]string // one of each server
	for i := 0; keys[0] == "" || keys[1] == "" || keys[2] == ""; i++ {
		key := fmt.Sprintf("k%d", i)
		p, _ := r.place(key)
		keys[p] = key
	}
	value := func(key string) string { return fmt.Sprintf("VALUE %s 0 1\r\nx\r\nEND\r\n", key) }
	c.say("get " + keys[0] + "\r\nversion\r\nget " + keys[1] + "\r\nbogus\r\nget " + keys[2] + "\r\nget " + keys[0] +
		"\r\nmn\r\n")
	a0, a1, a2 := r.servers[0].want("get "+keys[0]+"\r\n"), r.servers[1].want("get "+keys[1]+"\r\n"),
		r.servers[2].want("get "+keys[2]+"\r\n")
	r.servers[0].want("get " + keys[0] + "\r\n")
	a2.answer(value(keys[2]))
	r.eventually(0, "the third server's answer", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[2].Pending() == 0
	})
	a1.answer(value(keys[1]))
	r.eventually(0, "the second server's answer", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[1].Pending() == 0
	})
	a0.answer(value(keys[0]))
	c.hear(value(keys[0]) + "VERSION test\r\n" + value(keys[1]) + "ERROR\r\n" + value(keys[2]))
	a0.answer("END\r\n")
	c.hear("END\r\nMN\r\n")
}

// A request that arrives byte by byte is the same request.
func TestRequestsSplitAtEveryByte(t *testing.T) {
	r, p, b := pair(t, nil)
	p.answers(func(string) string { return "STORED\r\n" })
	b.answers(func(string) string { return "STORED\r\n" })
	c := r.client()
	request := "set k 0 0 9\r\nset a 0 0\r\nset j 0 0 2 noreply\r\nxx\r\nversion\r\n"
	for cut := 1; cut < len(request); cut++ {
		c.say(request[:cut])
		r.on(0, func(*session.Shard) {})
		c.say(request[cut:])
		c.hear("STORED\r\nVERSION test\r\n")
	}
	r.eventually(0, "nothing kept", func(sh *session.Shard) bool { return *session.Assembly(sh) == 0 })
}

// A client that shuts its side down still gets every reply, and then the end.
func TestHalfClose(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get a\r\nget b\r\nversion\r\nget c")
	_ = c.c.(*net.TCPConn).CloseWrite()
	p.want("get a\r\n").answer(miss)
	p.want("get b\r\n").answer(miss)
	c.hear(miss + miss + "VERSION test\r\n")
	c.ended()
	r.eventually(0, "the client's end", func(sh *session.Shard) bool {
		return len(session.Sessions(sh)) == 0 && *session.Assembly(sh) == 0
	})
}

// quit closes when all that was asked before it is answered; what comes behind it is not read.
func TestQuitWithPendingReplies(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get a\r\nquit\r\nget b\r\n")
	p.want("get a\r\n").answer(valueA)
	c.hear(valueA)
	c.ended()
	if len(p.asked) > 0 {
		t.Errorf("a request behind quit was carried out: %q", (<-p.asked).text)
	}
}

// The requests of a client that has gone are carried out; their answers find nobody and do no harm.
func TestClientGone(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	c.say("get a\r\nset k 0 0 1\r\nx\r\nget a b\r\n")
	p.want("get a\r\n")
	p.want("set k 0 0 1\r\nx\r\n")
	_ = c.c.(*net.TCPConn).SetLinger(0)
	c.c.Close()
	r.eventually(0, "the client's end", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 0 })
	p.want("get a b\r\n").answer(valueA + "STORED\r\n" + miss)
	b.want("set k 0 0 1\r\nx\r\n").answer("STORED\r\n")
	d := r.client()
	d.say("get c\r\n")
	p.want("get c\r\n").answer(miss)
	d.hear(miss)
}

// A set that is refused for its size drops the old value on both copies; the line is memcached's.
func TestOversizeSetDropsTheOldValue(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) { cfg.MaxValue = 1000 })
	c := r.client()
	body := strings.Repeat("v", 1001) + "\r\n"
	for _, w := range []struct{ request, drop, done, client string }{
		{"set k 0 0 1001\r\n", "delete k\r\n", "DELETED\r\n", "SERVER_ERROR object too large for cache\r\n"},
		{"set k 0 0 1001 noreply\r\n", "delete k\r\n", "NOT_FOUND\r\n", ""},
		{"ms k 1001\r\n", "delete k\r\n", "DELETED\r\n", "SERVER_ERROR object too large for cache\r\n"},
		{"ms YSBi 1001 b\r\n", "md YSBi b\r\n", "HD\r\n", "SERVER_ERROR object too large for cache\r\n"},
		{"add k 0 0 1001\r\n", "", "", "SERVER_ERROR object too large for cache\r\n"},
		{"append k 0 0 1001 noreply\r\n", "", "", ""},
	} {
		c.say(w.request + body + "mn\r\n")
		if w.drop != "" {
			p.want(w.drop).answer(w.done)
			b.want(w.drop).answer(w.done)
		}
		c.hear(w.client + "MN\r\n")
	}
	c.say("set k 0 0 1000\r\n" + body[1:]) // the largest that is allowed
	p.want("set k 0 0 1000\r\n" + body[1:]).answer("STORED\r\n")
	b.want("set k 0 0 1000\r\n" + body[1:]).answer("STORED\r\n")
	c.hear("STORED\r\n")
	if len(p.asked)+len(b.asked) > 0 {
		t.Error("more was sent than expected")
	}
}

func TestWhatTheProxyAnswersItself(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	for _, w := range [][2]string{
		{"version\r\n", "VERSION test\r\n"},
		{"verbosity 1\r\n", "OK\r\n"},
		{"mn\r\n", "MN\r\n"},
		{"stats items\r\n", "END\r\n"},
		{"stats slabs\r\n", "END\r\n"},
		{"stats reset\r\n", "RESET\r\n"},
		{"bogus\r\n", "ERROR\r\n"},
		{"get\r\n", "ERROR\r\n"},
		{"set k abc 0 9\r\nflush_all\r\n", "CLIENT_ERROR bad command line format\r\n"},
		{"get " + strings.Repeat("x", 251) + "\r\n", "CLIENT_ERROR bad command line format\r\n"},
		{"get a\x01b\r\n", "CLIENT_ERROR bad command line format\r\n"},
	} {
		c.say(w[0])
		c.hear(w[1])
	}
	c.nothing()
	if len(p.asked)+len(b.asked) > 0 {
		t.Error("a server was asked")
	}
}

// The keys of a retrieval may be too many for one line. Then it gets an error, and the connection goes on behind it.
func TestRetrievalIsTooLong(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	for _, end := range []string{"\r\n", "\n"} {
		for _, extra := range []int{0, 1, 1 << 20} {
			line := "get " + strings.Repeat("key ", (1<<20+extra)/4) + "set"
			c.say("get a\r\n" + line + end + "get b\r\n")
			p.want("get a\r\n").answer(miss)
			p.want("get b\r\n").answer(miss)
			c.hear(miss + "CLIENT_ERROR line too long\r\n" + miss)
		}
	}
}

// What makes the connection unusable ends it, behind the replies that are due.
func TestFatalRequests(t *testing.T) {
	r, p, _ := pair(t, nil)
	for request, want := range map[string]string{
		"\x80\x0a\x00\x00\x00\x00\x00\x00":                     "",
		"GET / HTTP/1.1\r\n":                                   "",
		"set " + strings.Repeat("x", 3000) + " 0 0 1\r\nx\r\n": "CLIENT_ERROR line too long\r\n",
	} {
		c := r.client()
		c.say("get a\r\n" + request)
		p.want("get a\r\n").answer(miss)
		c.hear(miss + want)
		if rest, _ := io.ReadAll(c.r); len(rest) > 0 {
			t.Errorf("%.20q: %q behind the end", request, rest)
		}
	}
}

func TestMaxClients(t *testing.T) {
	r, _, _ := pair(t, func(cfg *config.Config) { cfg.MaxClients = 2 })
	a, b := r.client(), r.client()
	a.nothing()
	b.nothing()
	refused := r.client()
	refused.hear("ERROR Too many open connections\r\n")
	refused.ended()
	if s := a.stats(""); s["curr_connections"] != "2" || s["rejected_connections"] != "1" ||
		s["total_connections"] != "2" || s["accepting_conns"] != "0" {
		t.Errorf("%s clients, %s refused, %s in all, accepting: %s", s["curr_connections"], s["rejected_connections"],
			s["total_connections"], s["accepting_conns"])
	}
	b.c.Close()
	r.eventually(0, "room again", func(*session.Shard) bool { return r.svc.group.Clients.Load() == 1 })
	r.client().nothing()
}
