package proxy

import (
	"fmt"
	"testing"
	"time"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// ejecting is a pool of three servers without backups, whose keys move.
func ejecting(t *testing.T, limit int) *rig {
	t.Helper()
	return start(t, 3, 0, func(cfg *config.Config) {
		cfg.Pools[0].AutoEject = true
		cfg.Pools[0].ServerFailureLimit = limit
	})
}

// keyOf is a key of the server with the index.
func (r *rig) keyOf(server int) string {
	for n := 0; ; n++ {
		key := fmt.Sprint("key", n)
		if p, _ := r.place(key); p == server {
			return key
		}
	}
}

// asks reads a key, and returns the server that was asked for it.
func (r *rig) asks(c *client, key string) int {
	r.t.Helper()
	get := "get " + key + "\r\n"
	c.say(get)
	var a *ask
	select {
	case a = <-r.servers[0].asked:
	case a = <-r.servers[1].asked:
	case a = <-r.servers[2].asked:
	case <-time.After(testkit.Patience):
		r.t.Fatalf("%s: no server is asked", key)
	}
	if a.text != get {
		r.t.Fatalf("server %d got %q", a.f.id, a.text)
	}
	a.answer("END\r\n")
	c.hear("END\r\n")
	return a.f.id
}

// The keys of a server that fails too often move to the others, and nobody else's keys do; they come back with it.
func TestKeysMove(t *testing.T) {
	r := ejecting(t, 2)
	c := r.client()
	keys := []string{r.keyOf(0), r.keyOf(1), r.keyOf(2)}
	for i, key := range keys {
		if got := r.asks(c, key); got != i {
			t.Fatalf("%s was asked of server %d", key, got)
		}
	}
	get := "get " + keys[0] + "\r\n"
	for range 2 {
		c.say(get)
		r.servers[0].want(get).reset()
		if reply := c.line(); reply[:12] != "SERVER_ERROR" {
			t.Fatalf("reply %q", reply)
		}
	}
	r.away(0)
	if got := r.asks(c, keys[0]); got == 0 {
		t.Error("the key did not move")
	}
	for i, key := range keys[1:] {
		if got := r.asks(c, key); got != i+1 {
			t.Errorf("%s moved to server %d", key, got)
		}
	}
	r.returns(0)
	r.back(0)
	if got := r.asks(c, keys[0]); got != 0 {
		t.Errorf("the key stayed on server %d", got)
	}
}

// A server that dies costs the requests in flight there, and no others. The second failure, that it refuses
// connections, is found without a request.
func TestDeadServerCostsOneError(t *testing.T) {
	r := ejecting(t, 2)
	c := r.client()
	get := "get " + r.keyOf(0) + "\r\n"
	c.say(get)
	r.servers[0].want(get)
	r.servers[0].leave()
	if reply := c.line(); reply[:12] != "SERVER_ERROR" {
		t.Fatalf("reply %q", reply)
	}
	r.away(0)
	if got := r.asks(c, r.keyOf(0)); got == 0 {
		t.Error("the key did not move")
	}
}

// A server closes its idle connection and refuses the next one. That is one failure, and only the request that finds
// it pays.
func TestDeadIdleServerCostsOneError(t *testing.T) {
	r := ejecting(t, 2)
	c := r.client()
	r.asks(c, r.keyOf(0))
	r.servers[0].leave()
	r.eventually(0, "the end of the connection is seen", func(sh *session.Shard) bool {
		return !sh.Pools[0].Conns[0].Ready()
	})
	c.say("get " + r.keyOf(0) + "\r\n")
	if reply := c.line(); reply[:12] != "SERVER_ERROR" {
		t.Fatalf("reply %q", reply)
	}
	if got := r.asks(c, r.keyOf(0)); got == 0 {
		t.Error("the key did not move")
	}
}

// One lost connection, or a few with replies in between, move nothing.
func TestKeysStayOverAFewFailures(t *testing.T) {
	r := ejecting(t, 2)
	c := r.client()
	key := r.keyOf(0)
	get := "get " + key + "\r\n"
	for range 5 {
		c.say(get)
		r.servers[0].want(get).reset()
		if reply := c.line(); reply[:12] != "SERVER_ERROR" {
			t.Fatalf("reply %q", reply)
		}
		if got := r.asks(c, key); got != 0 {
			t.Fatalf("the key moved to server %d", got)
		}
	}
}

// When all servers are out, the answer is an error that names the one that the key is on, at once.
func TestNoServerIsLeft(t *testing.T) {
	r := ejecting(t, 1)
	c := r.client()
	for i := range r.servers {
		r.asks(c, r.keyOf(i))
	}
	for i := range r.servers {
		r.servers[i].leave()
		r.away(i)
	}
	c.say("get a\r\nset a 0 0 1\r\nx\r\nget a b c\r\n")
	for range 3 {
		if reply := c.line(); reply[:12] != "SERVER_ERROR" {
			t.Errorf("reply %q", reply)
		}
	}
	r.on(0, func(sh *session.Shard) {
		if s := sh.Pools[0].Health.Server(0).State; s != failover.Ejected {
			t.Errorf("server 0 is %v", s)
		}
	})
}

// What twemproxy's words tell of a multi-get is what became of the first server that did not answer. Its keys may be
// on another one by then, and that of other keys may fail later.
func TestErrorOfMovedKeysIsTheAskedServers(t *testing.T) {
	r := start(t, 3, 0, func(cfg *config.Config) {
		cfg.Pools[0].AutoEject, cfg.Pools[0].CompatErrors = true, true
		cfg.Pools[0].ServerFailureLimit = 1
	})
	c := r.client()
	keys := []string{r.keyOf(0), r.keyOf(1), r.keyOf(2)}

	get := "get " + keys[0] + " " + keys[0] + "\r\n"
	c.say(get)
	r.servers[0].want(get).reset()
	c.hear("SERVER_ERROR Connection reset by peer\r\n")
	r.away(0)

	c.say("get " + keys[1] + " " + keys[2] + "\r\n")
	r.servers[1].want("get " + keys[1] + "\r\n").reset()
	r.servers[2].want("get " + keys[2] + "\r\n")
	r.away(1)
	r.expire(2)
	c.hear("SERVER_ERROR Connection reset by peer\r\n")
}
