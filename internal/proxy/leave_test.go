package proxy

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// Draining answers everything that was read, also what had to wait for its turn, and does not reset a client that has
// sent even more.
func TestDrainServesWhatWasRead(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	var all strings.Builder
	const requests = 2000
	for i := range requests {
		fmt.Fprintf(&all, "get k%d\r\n", i)
	}
	c.say(all.String())
	r.eventually(0, "paused", func(sh *session.Shard) bool {
		return sh.Pools[0].Count.Backpressure > 0 && sh.Pools[0].Count.BytesRead == uint64(all.Len())
	})
	c.say("get unread\r\n")
	drained := make(chan struct{})
	go drain(r.svc, drained)
	for i := range requests {
		p.want(fmt.Sprintf("get k%d\r\n", i)).answer(miss)
		c.hear(miss)
	}
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		t.Errorf("then the client got %.100q, %v", rest, err)
	}
	c.c.Close()
	testkit.Await(t, "the end", drained)
}

func drain(svc *Service, done chan<- struct{}) {
	svc.Drain()
	close(done)
}

// What stands behind a quit is not served; a client that has sent it gets the replies to what stood before.
func TestQuitInTheMiddle(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say("get a\r\nquit\r\nget b\r\n")
	a := p.want("get a\r\n")
	c.say(strings.Repeat("get c\r\n", 1000))
	a.answer(miss)
	c.hear(miss)
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		t.Errorf("then the client got %.100q, %v", rest, err)
	}
	r.eventually(0, "a lingering session", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 1 })
	c.c.Close()
	r.eventually(0, "its end", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 0 })
	if len(p.asked) > 0 {
		t.Errorf("the server was asked for %q", (<-p.asked).text)
	}
}

// A session whose client is waited for holds nothing of a request that had arrived in part.
func TestLingeringHoldsNothing(t *testing.T) {
	r, _, _ := pair(t, nil)
	c := r.client()
	c.say("set k 0 0 100\r\nin part")
	r.eventually(0, "a part of a request", func(sh *session.Shard) bool { return *session.Assembly(sh) > 0 })
	r.on(0, func(sh *session.Shard) {
		if _, err := io.WriteString(c.c, "more"); err != nil { // not read before the session ends
			t.Error(err)
		}
		sh.SendAway()
	})
	r.eventually(0, "nothing kept", func(sh *session.Shard) bool { return *session.Assembly(sh) == 0 })
	r.on(0, func(sh *session.Shard) {
		if len(session.Sessions(sh)) != 1 {
			t.Errorf("%d sessions are lingering", len(session.Sessions(sh)))
		}
	})
	c.c.Close()
	r.eventually(0, "its end", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 0 })
}

// A client on a unix socket that writes without wanting replies and closes: all it has written is carried out.
func TestUnixClientClosesAfterNoreply(t *testing.T) {
	path := t.TempDir() + "/s"
	r := start(t, 1, 0, func(cfg *config.Config) {
		cfg.Pools[0].Listen = []config.Listen{{Network: "unix", Address: path, Mode: 0o600, Backlog: 5}}
	})
	s := r.servers[0].memory()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	const requests = 20_000
	for i := range requests {
		fmt.Fprintf(&all, "set k%d 0 0 1 noreply\r\nx\r\n", i)
	}
	if _, err := io.WriteString(conn, all.String()); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	r.eventually(0, "the session's end", func(sh *session.Shard) bool {
		return len(session.Sessions(sh)) == 0 && sh.Pools[0].Count.BytesRead > 0
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) != requests {
		t.Errorf("%d of %d sets arrived", len(s.items), requests)
	}
}
