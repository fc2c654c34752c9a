package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/config"
	"magent/internal/pool"
	"magent/internal/session"
)

const (
	valueA = "VALUE a 0 5\r\nhello\r\nEND\r\n"
	miss   = "END\r\n"
)

func TestReadComesFromThePrimary(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	for request, answer := range map[string]string{
		"get a\r\n": valueA, "gets a\r\n": "VALUE a 0 1 77\r\nx\r\nEND\r\n", "get b\r\n": miss,
		"mg a v f\r\n": "VA 2 f0\r\nhi\r\n", "mg b v\r\n": "EN\r\n", "me a\r\n": "ME a exp=-1\r\n",
		"get c\r\n": "SERVER_ERROR out of memory\r\n",
	} {
		c.say(request)
		p.want(request).answer(answer)
		c.hear(answer)
	}
	c.nothing()
	if len(b.asked) > 0 {
		t.Errorf("the backup was asked %q", (<-b.asked).text)
	}
}

// The primary fails over requests in flight, in every way there is: the backup answers them, and the client sees
// nothing.
func TestReadsInFlightFallOverToTheBackup(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*ask){
		"closed":           (*ask).lose,
		"reset":            (*ask).reset,
		"garbage":          func(a *ask) { a.answer("HELLO\r\n") },
		"wrong shape":      func(a *ask) { a.answer("STORED\r\n") },
		"half a reply":     func(a *ask) { a.answer("VALUE a 0 5\r\nhe"); a.lose() },
		"two replies":      func(a *ask) { a.answer("VALUE x 0 1\r\n!!!\r\n") },
		"no reply in time": nil,
	} {
		t.Run(name, func(t *testing.T) {
			r, p, b := pair(t, nil)
			b.answers(func(text string) string {
				switch text {
				case "get a\r\n":
					return valueA
				case "mg a v\r\n":
					return "VA 5\r\nhello\r\n"
				case "get b\r\n":
					return miss
				case "get a b\r\n":
					return "VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n"
				}
				return "ERROR\r\n"
			})
			c := r.client()
			c.say("get a\r\nmg a v\r\nget b\r\nget a b\r\nget a\r\n")
			first := p.want("get a\r\n")
			for _, text := range []string{"mg a v\r\n", "get b\r\n", "get a b\r\n", "get a\r\n"} {
				p.want(text)
			}
			if fail != nil {
				fail(first)
			} else {
				r.expire(0)
			}
			c.hear(valueA + "VA 5\r\nhello\r\n" + miss + "VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n" + valueA)
			c.nothing()
			if s := c.stats(""); s["proxy_retries_to_backup"] != "5" || s["proxy_conn_errors"] != "0" {
				t.Errorf("retries %s, errors %s; want 5 and 0", s["proxy_retries_to_backup"], s["proxy_conn_errors"])
			}
			// From now on the backup is asked at once.
			r.eventually(0, "ejected", func(sh *session.Shard) bool {
				return sh.Pools[0].Health.Server(0).State == failover.Ejected
			})
			c.say("get a\r\nget a b\r\n")
			c.hear(valueA + "VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n2\r\nEND\r\n")
			if len(p.asked) > 0 {
				t.Errorf("an ejected server was asked %q", (<-p.asked).text)
			}
		})
	}
}

// One missed deadline ejects nobody: the late reply is swallowed, and the server is asked again.
func TestReadAfterOneMissedDeadline(t *testing.T) {
	t.Parallel()
	r, p, b := pair(t, nil)
	c := r.client()
	c.say("get a\r\n")
	late := p.want("get a\r\n")
	r.expire(0)
	b.want("get a\r\n").answer(valueA)
	c.hear(valueA)
	c.say("get b\r\n")
	p.want("get b\r\n")
	late.answer("VALUE a 0 3\r\nold\r\nEND\r\n" + "VALUE b 0 3\r\nnew\r\nEND\r\n")
	c.hear("VALUE b 0 3\r\nnew\r\nEND\r\n")
	if s := c.stats("servers"); s["server:0:state"] != "up" || s["server:0:timeouts"] != "1" {
		t.Errorf("state %s, %s timeouts; want up and 1", s["server:0:state"], s["server:0:timeouts"])
	}
}

// A server that hangs is ejected also when it is asked one request at a time.
func TestHungServerIsEjected(t *testing.T) {
	t.Parallel()
	r, p, b := pair(t, nil)
	b.answers(func(string) string { return valueA })
	c := r.client()
	for range 2 {
		c.say("get a\r\n")
		p.want("get a\r\n")
		r.expire(0)
		c.hear(valueA)
	}
	if s := c.stats("servers"); s["server:0:state"] != "ejected" || s["server:0:ejections"] != "1" {
		t.Errorf("state %s after 2 missed deadlines, %s ejections", s["server:0:state"], s["server:0:ejections"])
	}
}

// Both copies dead: an error that names them, at once, on a connection that stays usable.
func TestReadWithBothDead(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	c.say("get a\r\n")
	ask := p.want("get a\r\n")
	p.leave()
	ask.lose()
	back := b.want("get a\r\n")
	b.leave()
	back.lose()
	check := func(request string) {
		t.Helper()
		line := c.line()
		if !strings.HasPrefix(line, "SERVER_ERROR ") || !strings.Contains(line, p.addr.String()) ||
			!strings.Contains(line, b.addr.String()) {
			t.Errorf("%q: %q does not name both servers", request, line)
		}
	}
	check("in flight")
	for _, request := range []string{
		"get a\r\n", "mg a v\r\n", "set a 0 0 1\r\nx\r\n", "cas a 0 0 1 5\r\nx\r\n",
		"incr a 1\r\n",
	} {
		c.say(request)
		check(request)
	}
	c.say("get a b\r\n")
	if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR ") {
		t.Errorf("multi-get: %q", line)
	}
	c.say("set a 0 0 1 noreply\r\nx\r\n")
	c.nothing()
}

// A connection that has no room for more is not blamed on what went wrong with it long ago.
func TestErrorOfAFullConnection(t *testing.T) {
	r := start(t, 1, 0, func(cfg *config.Config) { cfg.Pools[0].ProbeInterval = time.Millisecond })
	f := r.servers[0]
	c := r.client()
	c.say("get a\r\n")
	f.want("get a\r\n").reset()
	if line := c.line(); !strings.Contains(line, "connection") {
		t.Errorf("lost: %q", line)
	}
	r.eventually(0, "up again", func(sh *session.Shard) bool { return sh.Pools[0].Health.Readable(0) })
	r.on(0, func(sh *session.Shard) {
		for range pool.MaxServerQueue {
			sh.Pools[0].Conns[0].Send([]byte("get b\r\n"), nil, ascii.ShapeValues, nobody{}, 0)
		}
	})
	full := "SERVER_ERROR " + f.addr.String() +
		": too many requests in flight (65536); it hangs or is overloaded: send less, or add servers\r\n"
	c.say("get a\r\nset a 0 0 1\r\nx\r\n")
	c.hear(full + full)
	c.say("flush_all\r\n")
	c.hear("SERVER_ERROR flush_all was not carried out on any server: " + f.addr.String() +
		strings.TrimPrefix(full, "SERVER_ERROR "+f.addr.String()))
}

// nobody takes replies that nobody waits for.
type nobody struct{}

func (nobody) OnReply(uint16, *backend.Conn, *ascii.Reply) {}

// An ejected server is probed, and used again as soon as it answers.
func TestServerReturns(t *testing.T) {
	r, p, b := pair(t, func(cfg *config.Config) { cfg.Pools[0].ProbeInterval = time.Millisecond })
	b.answers(func(string) string { return valueA })
	c := r.client()
	for range 3 {
		c.say("get a\r\n")
		p.want("get a\r\n").reset()
		c.hear(valueA)
		r.back(0)
	}
	c.say("get a\r\n")
	p.want("get a\r\n").answer(miss)
	c.hear(miss)
	if s := c.stats("servers"); s["server:0:ejections"] != "3" || s["server:0:connects"] != "4" {
		t.Errorf("%s ejections, %s connects; want 3 and 4", s["server:0:ejections"], s["server:0:connects"])
	}
}

// A connection that a server closes while it is idle is made anew, and nothing is ejected.
func TestIdleCloseIsNoFailure(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	for i := range 3 {
		request := fmt.Sprintf("get a%d\r\n", i)
		c.say(request)
		a := p.want(request)
		a.answer(miss)
		c.hear(miss)
		a.lose()
		r.eventually(0, "connected again", func(sh *session.Shard) bool {
			conn := sh.Pools[0].Conns[0]
			return conn.Ready() && conn.Stats.Connects == uint64(i+2)
		})
	}
	if s := c.stats("servers"); s["server:0:ejections"] != "0" || s["server:0:state"] != "up" {
		t.Errorf("state %s, %s ejections", s["server:0:state"], s["server:0:ejections"])
	}
}

// Without backups a lost read is an error, for nobody else has the value.
func TestReadWithoutBackups(t *testing.T) {
	r := start(t, 1, 0, nil)
	c := r.client()
	c.say("get a\r\nget b\r\n")
	r.servers[0].want("get a\r\n").reset()
	for range 2 {
		if line := c.line(); !strings.HasPrefix(line, "SERVER_ERROR "+r.servers[0].addr.String()) {
			t.Errorf("%q", line)
		}
	}
}
