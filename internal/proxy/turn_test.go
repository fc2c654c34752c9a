package proxy

import (
	"io"
	"strings"
	"testing"

	"magent/internal/session"
	"magent/internal/testkit"
)

// However many requests lie in a client's socket, and whoever answers them, a turn of the loop serves so many of them
// only.
func TestWorkOfATurn(t *testing.T) {
	const most = session.TurnWork / session.RequestWork
	for name, w := range map[string]struct {
		request string
		redis   bool
	}{
		"answered here":         {"mn\r\n", false},
		"answered here, large":  {"stats settings\r\n", false},
		"refused":               {"bogus\r\n", false},
		"no key":                {"get\r\n", false},
		"no reply":              {"verbosity 1 noreply\r\n", false},
		"Redis: answered here":  {"PING\r\n", true},
		"Redis: refused":        {"BOGUS\r\n", true},
		"Redis: array":          {"*1\r\n$4\r\nPING\r\n", true},
		"Redis: a large answer": {"COMMAND\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 20 * most
			if name == "Redis: a large answer" {
				requests = 40
			}
			r := start(t, 1, 0, nil)
			if w.redis {
				r.reload(toRedis(testkit.StartRedis(t)))
			}
			c := r.client()
			go func() { _, _ = io.WriteString(c.c, strings.Repeat(w.request, requests)) }()
			go func() { _, _ = io.Copy(io.Discard, c.r) }()
			var served uint64
			r.eventually(0, "all are served", func(sh *session.Shard) bool {
				for _, s := range session.Sessions(sh) {
					state := session.StateOf(s)
					if state.Most > most {
						t.Errorf("%d requests in one turn, want at most %d", state.Most, most)
					}
					served = state.Served
				}
				return served >= uint64(requests)
			})
		})
	}
}

// The end of a line that arrives in drips is looked for once in each of its bytes.
func TestLineInDrips(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get")
	key := strings.Repeat("k", 99)
	sent := len("get")
	for range 200 {
		c.say(" " + key)
		sent += 1 + len(key)
		r.eventually(0, "the drip", func(sh *session.Shard) bool {
			for _, s := range session.Sessions(sh) {
				return session.StateOf(s).Searched == sent
			}
			return false
		})
	}
	r.on(0, func(sh *session.Shard) {
		if session.Searched(sh) > uint64(sent) {
			t.Errorf("%d bytes were searched in a line of %d", session.Searched(sh), sent)
		}
	})
	c.say("\r\n")
	for n := 200; n > 0; {
		a := testkit.Await(t, "the keys", p.asked)
		n -= strings.Count(a.text, key)
		a.answer(miss)
	}
	c.hear(miss)
}
