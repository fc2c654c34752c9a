package proxy

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// memory makes a fake store values: get, set, append, incr of digits, delete, touch and flush_all are answered at
// once.
func (f *fake) memory() *store {
	s := &store{items: map[string]string{}}
	f.answers(s.answer)
	return s
}

type store struct {
	mu    sync.Mutex
	items map[string]string
	asked []string
}

func (s *store) answer(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, text)
	head, body, _ := strings.Cut(text, "\r\n")
	body = strings.TrimSuffix(body, "\r\n")
	w := strings.Fields(head)
	switch w[0] {
	case "get":
		var out strings.Builder
		for _, key := range w[1:] {
			if v, ok := s.items[key]; ok {
				fmt.Fprintf(&out, "VALUE %s 0 %d\r\n%s\r\n", key, len(v), v)
			}
		}
		return out.String() + "END\r\n"
	case "set":
		s.items[w[1]] = body
		return "STORED\r\n"
	case "append":
		if _, ok := s.items[w[1]]; !ok {
			return "NOT_STORED\r\n"
		}
		s.items[w[1]] += body
		return "STORED\r\n"
	case "delete":
		if _, ok := s.items[w[1]]; !ok {
			return "NOT_FOUND\r\n"
		}
		delete(s.items, w[1])
		return "DELETED\r\n"
	case "flush_all":
		clear(s.items)
		return "OK\r\n"
	}
	return "ERROR\r\n"
}

// two is a rig of two loops, with a client on each.
func two(t *testing.T, primaries, backups int) (r *rig, clients [2]*client) {
	r = start(t, primaries, backups, func(cfg *config.Config) { cfg.Threads, cfg.MaxValue = 2, 1000 })
	for i := range clients {
		clients[i] = r.client()
		clients[i].nothing()
	}
	for id := range clients {
		r.on(id, func(sh *session.Shard) {
			if len(session.Sessions(sh)) != 1 {
				t.Errorf("loop %d has %d clients, want 1", id, len(session.Sessions(sh)))
			}
		})
	}
	return r, clients
}

// owned returns n keys that belong to a loop.
func (r *rig) owned(id, n int) (keys []string) {
	for i := 0; len(keys) < n; i++ {
		if key := fmt.Sprintf("t%d", i); r.svc.group.OwnerOf([]byte(key)).ID == id {
			keys = append(keys, key)
		}
	}
	return keys
}

// Clients of both loops read and write keys of both loops, and the two copies are the same.
func TestTwoLoops(t *testing.T) {
	r, clients := two(t, 2, 2)
	var stores []*store
	for _, f := range r.servers {
		stores = append(stores, f.memory())
	}
	keys := append(r.owned(0, 25), r.owned(1, 25)...)
	slices.Sort(keys)
	for n, c := range clients {
		for i, key := range keys {
			if i%2 == n {
				c.say(fmt.Sprintf("set %s 0 0 1\r\n%d\r\n", key, n))
				c.hear("STORED\r\n")
			}
		}
	}
	var all strings.Builder
	for i, key := range keys {
		fmt.Fprintf(&all, "VALUE %s 0 1\r\n%d\r\n", key, i%2)
	}
	for _, c := range clients {
		c.say(getLine(keys)) // a long one, in pieces
		c.hear(all.String() + "END\r\n")
		c.say("get " + keys[0] + " " + keys[1] + " none " + keys[2] + "\r\n")
		c.hear(fmt.Sprintf("VALUE %s 0 1\r\n0\r\nVALUE %s 0 1\r\n1\r\nVALUE %s 0 1\r\n0\r\nEND\r\n", keys[0], keys[1],
			keys[2]))
		for i, key := range keys {
			c.say("get " + key + "\r\n")
			c.hear(fmt.Sprintf("VALUE %s 0 1\r\n%d\r\nEND\r\n", key, i%2))
		}
	}
	for _, key := range keys {
		p, b := r.place(key)
		if v := stores[p].items[key]; v == "" || v != stores[b].items[key] {
			t.Errorf("%s is %q on the primary and %q on the backup", key, v, stores[b].items[key])
		}
	}
}

// A client's pipelined requests for a key take effect in their order. It does not matter which loop the key belongs
// to, or how they are mixed with multi-gets and keys of the other loop.
func TestTwoLoopsKeepOneClientsOrder(t *testing.T) {
	t.Parallel()
	r, clients := two(t, 1, 1)
	for _, f := range r.servers {
		f.memory()
	}
	k0, k1 := r.owned(0, 1)[0], r.owned(1, 1)[0]
	both := "get " + k0 + " " + k1 + "\r\n"
	value := func(v string) string {
		return fmt.Sprintf("VALUE %s 0 1\r\n%s\r\nVALUE %s 0 1\r\n%s\r\nEND\r\n", k0, v, k1, v)
	}
	set := func(v string) string {
		return fmt.Sprintf("set %s 0 0 1\r\n%s\r\nset %s 0 0 1\r\n%s\r\n", k0, v, k1, v)
	}
	for range 20 {
		for _, c := range clients {
			c.say(set("1") + both + set("2") + both + both + set("3") + both)
			c.hear("STORED\r\nSTORED\r\n" + value("1") + "STORED\r\nSTORED\r\n" + value("2") + value("2") +
				"STORED\r\nSTORED\r\n" + value("3"))
		}
	}
	for range 20 {
		for _, c := range clients {
			c.say("flush_all\r\n" + set("1") + both + "flush_all\r\n" + both + set("2") + both)
			c.hear("OK\r\nSTORED\r\nSTORED\r\n" + value("1") + "OK\r\nEND\r\nSTORED\r\nSTORED\r\n" + value("2"))
		}
	}
}

// Requests without a key of the client's own loop: size refusals, noreply, and statistics over both loops.
func TestTwoLoopsOddRequests(t *testing.T) {
	r, clients := two(t, 1, 1)
	p, b := r.servers[0].memory(), r.servers[1].memory()
	for _, c := range clients {
		for id := range clients {
			key := r.owned(id, 1)[0]
			c.say("set " + key + " 0 0 1 noreply\r\nx\r\nget " + key + "\r\n")
			c.hear("VALUE " + key + " 0 1\r\nx\r\nEND\r\n")
			c.say("set " + key + " 0 0 2000\r\n" + strings.Repeat("v", 2000) + "\r\nget " + key + "\r\n")
			c.hear("SERVER_ERROR object too large for cache\r\nEND\r\n")
			c.say("set " + key + " 0 0 1\r\nx\r\nset " + key + " 0 0 2000 noreply\r\n" + strings.Repeat("v", 2000) +
				"\r\nget " + key + "\r\n")
			c.hear("STORED\r\nEND\r\n")
		}
	}
	if len(p.items)+len(b.items) > 0 {
		t.Errorf("left on the servers: %v, %v", p.items, b.items)
	}
	for _, c := range clients {
		s := c.stats("")
		if s["cmd_get"] != "12" || s["get_hits"] != "4" || s["threads"] != "2" || s["curr_connections"] != "2" {
			t.Errorf("%s gets, %s hits, %s threads, %s clients", s["cmd_get"], s["get_hits"], s["threads"],
				s["curr_connections"])
		}
		if v := c.stats("servers"); v["server:0:connected"] != "2" || v["server:1:role"] != "backup" ||
			v["server:0:address"] != r.servers[0].addr.String() {
			t.Errorf("servers: %v", v)
		}
	}
	clients[1].say("stats reset\r\n")
	clients[1].hear("RESET\r\n")
	if s := clients[0].stats(""); s["cmd_get"] != "0" || s["curr_connections"] != "2" {
		t.Errorf("after a reset: %s gets, %s clients", s["cmd_get"], s["curr_connections"])
	}
	if v := clients[0].stats("servers"); v["server:0:requests"] != "0" {
		t.Errorf("after a reset: %s requests", v["server:0:requests"])
	}
	if got := clients[0].stats("settings")["num_threads"]; got != "2" {
		t.Errorf("settings: %s threads", got)
	}
}

// A multi-get over both loops of which one part cannot be answered.
func TestTwoLoopsMultiGetFails(t *testing.T) {
	r, clients := two(t, 1, 0)
	f := r.servers[0]
	k0, k1 := r.owned(0, 1)[0], r.owned(1, 1)[0]
	for _, c := range clients {
		c.say("get " + k0 + " " + k1 + "\r\n")
		for range 2 {
			a := testkit.Await(t, "a part", f.asked)
			if a.text == "get "+k0+"\r\n" {
				a.answer("VALUE " + k0 + " 0 1\r\nx\r\nEND\r\n")
			} else {
				a.answer("SERVER_ERROR out of memory\r\n")
			}
		}
		c.hear("SERVER_ERROR out of memory\r\n")
		c.nothing()
	}
}

// A client leaves while its requests are on the other loop.
func TestTwoLoopsClientGone(t *testing.T) {
	r, clients := two(t, 1, 0)
	f := r.servers[0]
	keys := []string{r.owned(0, 1)[0], r.owned(1, 1)[0]}
	clients[0].say(getLine(keys) + getLine(keys[1:]) + getLine(keys[:1]))
	asks := []*ask{
		testkit.Await(t, "1", f.asked), testkit.Await(t, "2", f.asked), testkit.Await(t, "3", f.asked),
		testkit.Await(t, "4", f.asked),
	}
	clients[0].c.Close()
	r.eventually(0, "half gone", func(*session.Shard) bool { return true })
	for _, a := range asks {
		a.answer("END\r\n")
	}
	r.eventually(0, "the client's end", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 0 })
	clients[1].say(getLine(keys))
	testkit.Await(t, "5", f.asked).answer("END\r\n")
	testkit.Await(t, "6", f.asked).answer("END\r\n")
	clients[1].hear("END\r\n")
}

// A mutation on one loop that meets the flush_all of another may come before it on one copy and behind it on the
// other: its copy on the backup is given up. One that begins when the flush has ended keeps its copy.
func TestTwoLoopsFlushMeetsMutation(t *testing.T) {
	r, clients := two(t, 1, 1)
	p, b := r.servers[0], r.servers[1]
	key := r.owned(1, 1)[0]
	set := "set " + key + " 0 0 1\r\nx\r\n"
	begin := func() (asks []*ask) { return []*ask{p.want(set), b.want(set)} }
	end := func(asks []*ask) {
		for _, a := range asks {
			a.answer("STORED\r\n")
		}
		clients[1].hear("STORED\r\n")
	}

	clients[1].say(set) // before the flush
	asks := begin()
	clients[0].say("flush_all\r\n")
	flushes := []*ask{p.want("flush_all\r\n"), b.want("flush_all\r\n")}
	end(asks)
	gone := func() {
		b.want("delete " + key + "\r\n").answer("DELETED\r\n")
		p.want("mg " + key + " v f t u\r\n").answer("EN\r\n")
	}
	gone()

	clients[1].say(set) // during the flush, and longer than it
	asks = begin()
	for _, a := range flushes {
		a.answer("OK\r\n")
	}
	clients[0].hear("OK\r\n")
	end(asks)
	gone()

	clients[1].say(set)
	end(begin())
	clients[1].nothing()
	if len(b.asked) > 0 {
		t.Errorf("after the flush the backup was asked for %q", (<-b.asked).text)
	}
}
