package proxy

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// A member that is elected itself goes on with what has waited for an owner, in front of what comes next.
func TestMemberIsElected(t *testing.T) {
	threads(t, func(t *testing.T, n int) {
		t.Parallel()
		servers := []config.Address{startMemcached(t), startMemcached(t)}
		m := start(t, 0, 0, func(c *config.Config) {
			c.Threads = n
			c.Pools[0].Servers, c.Pools[0].Backups = servers[:1], servers[1:]
			c.Pools[0].Timeout = testkit.Patience
		})
		e := &election{t: t}
		e.relay(m)
		var clients []*client
		for i := range 10 {
			c := m.client()
			c.say(strings.ReplaceAll("set k 0 0 1\r\n1\r\nmn\r\nget k none k\r\nincr k 1\r\n"+
				"append k 0 0 1 noreply\r\n0\r\ngat 100 k\r\nmg k v\r\nget k\r\n", "k", fmt.Sprint("k", i)))
			clients = append(clients, c)
		}
		last := m.client()
		m.eventually(0, "requests wait", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Pending() > 0 })
		e.decide(m)
		last.say("set last 0 0 1\r\n1\r\nget last\r\n")
		last.hear("STORED\r\nVALUE last 0 1\r\n1\r\nEND\r\n")
		for i, c := range clients {
			c.hear("STORED\r\nMN\r\n")
			for range 2 {
				c.hear(fmt.Sprintf("VALUE k%d 0 1\r\n1\r\n", i))
			}
			c.hear("END\r\n2\r\n")
			c.hear(fmt.Sprintf("VALUE k%d 0 2\r\n20\r\nEND\r\nVA 2\r\n20\r\nVALUE k%d 0 2\r\n20\r\nEND\r\n", i, i))
		}
	})
}

// A flush_all that has waited for an owner empties the servers when the member is elected itself.
func TestMemberIsElectedToFlush(t *testing.T) {
	threads(t, func(t *testing.T, n int) {
		t.Parallel()
		m := start(t, 1, 1, func(c *config.Config) { c.Threads = n })
		for _, f := range m.servers {
			f.answers(func(text string) string { return "OK\r\n" })
		}
		e := &election{t: t}
		e.relay(m)
		c := m.client()
		c.say("flush_all\r\n")
		m.eventually(0, "it waits", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Pending() > 0 })
		e.decide(m)
		c.hear("OK\r\n")
		c.say("flush_all\r\n")
		c.hear("OK\r\n")
	})
}

// A member that was elected and is not any more hands over like any owner.
func TestMemberAndOwnerChangePlaces(t *testing.T) {
	t.Parallel()
	servers := []config.Address{startMemcached(t), startMemcached(t)}
	both := func(c *config.Config) {
		c.Pools[0].Servers, c.Pools[0].Backups = servers[:1], servers[1:]
		c.Pools[0].Timeout = testkit.Patience
	}
	a, b := start(t, 0, 0, both), start(t, 0, 0, both)
	e := &election{t: t}
	e.elect(a)
	e.relay(b)
	clients := []*client{a.client(), b.client()}
	n := 0
	ask := func() {
		for _, c := range clients {
			n++
			c.say(fmt.Sprintf("set k 0 0 %d\r\n%d\r\nget k\r\n", len(fmt.Sprint(n)), n))
			c.hear(fmt.Sprintf("STORED\r\nVALUE k 0 %d\r\n%d\r\nEND\r\n", len(fmt.Sprint(n)), n))
		}
	}
	for range 5 {
		ask()
		e.elect(nil)
		e.relay(a) // it stops to decide, and gives back what b asks
		e.decide(b)
		e.mu.Lock()
		e.owner = b
		for _, m := range e.waiting {
			m.make()
		}
		e.waiting = nil
		e.mu.Unlock()
		a, b = b, a
	}
	ask()
}
