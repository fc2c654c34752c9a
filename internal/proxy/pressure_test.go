package proxy

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// As long as the size of the replies is not known, a client may have only so many requests in flight.
func TestWindowAtTheStart(t *testing.T) {
	r, p, _ := pair(t, nil)
	c, other := r.client(), r.client()
	var all strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&all, "get k%d\r\n", i)
	}
	c.say(all.String())
	r.eventually(0, "paused", func(sh *session.Shard) bool { return sh.Pools[0].Count.Backpressure > 0 })
	if s := other.stats("servers"); s["server:0:pending"] != fmt.Sprint(testWindow) {
		t.Errorf("%s requests in flight, want %d", s["server:0:pending"], testWindow)
	}
	for i := range 1000 {
		p.want(fmt.Sprintf("get k%d\r\n", i)).answer(miss)
		c.hear(miss)
	}
	c.nothing()
	r.eventually(0, "nothing kept", func(sh *session.Shard) bool {
		return *session.Assembly(sh) == 0 && *session.Unsent(sh) == 0
	})
}

// A client that asks for 10,000 values and reads nothing is held back; when it reads, it gets all of them, in order.
func TestClientThatDoesNotRead(t *testing.T) {
	const requests, size = 10_000, 4000
	r, p, _ := pair(t, nil)
	value := func(key string) string {
		return fmt.Sprintf("VALUE %s 0 %d\r\n%s%s\r\nEND\r\n", key, size, key, strings.Repeat("v", size-len(key)))
	}
	p.answers(func(text string) string { return value(strings.Fields(text)[1]) })
	c := r.client()
	said := make(chan error, 1)
	go ask10k(c.c, requests, said)

	sent := uint64(0)
	r.eventually(0, "at a standstill", func(sh *session.Shard) bool {
		conn := sh.Pools[0].Conns[0]
		still := conn.Stats.Requests == sent && conn.Pending() == 0 && *session.Unsent(sh) >= session.WindowUnsent
		sent = conn.Stats.Requests
		return still
	})
	r.on(0, func(sh *session.Shard) {
		if limit := session.WindowUnsent + session.WindowBytes; *session.Unsent(sh) > limit {
			t.Errorf("%d bytes are held for a client that does not read, want at most %d", *session.Unsent(sh), limit)
		}
		if sent >= requests {
			t.Errorf("all %d requests were carried out", sent)
		}
	})
	r.client().nothing() // others are served

	for i := range requests {
		c.hear(value(fmt.Sprintf("k%d", i)))
	}
	if err := testkit.Await(t, "the requests", said); err != nil {
		t.Fatal(err)
	}
	r.eventually(0, "nothing kept", func(sh *session.Shard) bool {
		return *session.Assembly(sh) == 0 && *session.Unsent(sh) == 0
	})
}

// When what clients have not fetched holds too much memory, those are given up that hold more than their window. That
// is counted; a client that holds less is served.
func TestClientThatDoesNotReadIsCutOff(t *testing.T) {
	r, p, _ := pair(t, nil)
	value := func(key string) string {
		return "VALUE " + key + " 0 4000\r\n" + strings.Repeat("v", 4000) + "\r\nEND\r\n"
	}
	p.answers(func(text string) string { return value(strings.Fields(text)[1]) })
	hog, other := r.client(), r.client()
	hog.nothing()
	other.nothing()
	r.on(0, func(sh *session.Shard) { *session.Unsent(sh) += session.MaxUnsent })
	said := make(chan error, 1)
	go ask10k(hog.c, 10_000, said)
	r.eventually(0, "given up", func(sh *session.Shard) bool { return len(session.Sessions(sh)) == 1 })
	r.on(0, func(sh *session.Shard) {
		if cut, kept := sh.Pools[0].Count.CutOff, *session.Unsent(sh); cut != 1 || kept != session.MaxUnsent {
			t.Errorf("%d clients were cut off, want 1; %d bytes are kept for it", cut, kept-session.MaxUnsent)
		}
	})
	other.say("get k\r\n")
	other.hear(value("k"))
	other.nothing()
	r.on(0, func(sh *session.Shard) { *session.Unsent(sh) -= session.MaxUnsent })
	_ = testkit.Await(t, "the end of the requests", said) // mostly an error: the connection was reset
}

// ask10k writes requests, which takes as long as the proxy does not read them.
func ask10k(c net.Conn, requests int, said chan<- error) {
	var all strings.Builder
	for i := range requests {
		fmt.Fprintf(&all, "get k%d\r\n", i)
	}
	_, err := c.Write([]byte(all.String()))
	said <- err
}

// A client that is held back and goes away is noticed, although nothing is read from it.
func TestClientGoneWhileHeldBack(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say(strings.Repeat("get a\r\n", 200))
	r.eventually(0, "paused", func(sh *session.Shard) bool { return sh.Pools[0].Count.Backpressure > 0 })
	for range testWindow {
		p.want("get a\r\n")
	}
	_ = c.c.(*net.TCPConn).SetLinger(0)
	c.c.Close()
	r.eventually(0, "the client's end", func(sh *session.Shard) bool {
		return len(session.Sessions(sh)) == 0 && *session.Assembly(sh) == 0
	})
}

// A client that is held back and shuts its side down gets everything.
func TestHalfCloseWhileHeldBack(t *testing.T) {
	r, p, _ := pair(t, nil)
	c := r.client()
	c.say(strings.Repeat("get a\r\n", 200))
	_ = c.c.(*net.TCPConn).CloseWrite()
	r.eventually(0, "paused", func(sh *session.Shard) bool { return sh.Pools[0].Count.Backpressure > 0 })
	for range 200 {
		p.want("get a\r\n").answer(miss)
	}
	c.hear(strings.Repeat(miss, 200))
	c.ended()
}

// A value so large that it does not fit the sockets goes through whole, to a slow reader, in both directions.
func TestLargeValues(t *testing.T) {
	r, p, b := pair(t, nil)
	c := r.client()
	body := strings.Repeat("0123456789abcde\n", 60_000)
	set := fmt.Sprintf("set k 0 0 %d\r\n%s\r\n", len(body), body)
	value := fmt.Sprintf("VALUE k 0 %d\r\n%s\r\nEND\r\n", len(body), body)
	for range 3 {
		c.say(set)
		pa, ba := testkit.Await(t, "the primary", p.asked), testkit.Await(t, "the backup", b.asked)
		if pa.text != set || ba.text != set {
			t.Fatal("the servers got something else")
		}
		pa.answer("STORED\r\n")
		ba.answer("STORED\r\n")
		c.hear("STORED\r\n")
		c.say("get k\r\n")
		p.want("get k\r\n").answer(value)
		c.hear(value)
	}
}

// Who wants room that is there for nobody is cut off.
func TestNoRoomForALine(t *testing.T) {
	r, _, _ := pair(t, nil)
	c := r.client()
	r.on(0, func(sh *session.Shard) { *session.Assembly(sh) += pool.MaxAssembly + 1 })
	c.say("get a b c")
	c.hear("SERVER_ERROR out of memory reading request\r\n")
	c.ended()
	r.on(0, func(sh *session.Shard) { *session.Assembly(sh) -= pool.MaxAssembly + 1 })
}

// The window opens with what is answered, key by key, and not at the first small reply.
func TestWindowOpensSlowly(t *testing.T) {
	r, p, _ := pair(t, nil)
	c, other := r.client(), r.client()
	c.say("get a\r\n")
	p.want("get a\r\n").answer(miss)
	c.hear(miss)
	c.say(strings.Repeat("get a b\r\n", 500))
	r.eventually(0, "paused", func(sh *session.Shard) bool { return sh.Pools[0].Count.Backpressure > 0 })
	if s := other.stats("servers"); s["server:0:pending"] != fmt.Sprint((testWindow+2)/2) {
		t.Errorf("%s requests of two keys in flight, want %d", s["server:0:pending"], (testWindow+2)/2)
	}
	for range 500 {
		p.want("get a b\r\n").answer(miss)
		c.hear(miss)
	}
	c.nothing()
}

// Replies that wait for one in front of them count as what they are: bytes held for a client.
func TestHeldRepliesCount(t *testing.T) {
	r := start(t, 2, 0, nil)
	slow, quick := r.servers[0], r.servers[1]
	keys := [2]string{}
	for i := 0; keys[0] == "" || keys[1] == ""; i++ {
		key := fmt.Sprintf("k%d", i)
		server, _ := r.place(key)
		keys[server] = key
	}
	const size = 40_000
	get := "get " + keys[1] + "\r\n"
	value := fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", keys[1], size, strings.Repeat("v", size))
	c := r.client()
	c.say("get " + keys[0] + "\r\n" + strings.Repeat(get, 200))
	first := slow.want("get " + keys[0] + "\r\n")
	for range testWindow - 1 {
		quick.want(get).answer(value)
	}
	r.eventually(0, "held", func(sh *session.Shard) bool { return *session.Unsent(sh) >= (testWindow-1)*size })
	first.answer(miss)
	c.hear(miss + strings.Repeat(value, testWindow-1))
	for range 200 - (testWindow - 1) {
		quick.want(get).answer(value)
		c.hear(value)
	}
	c.nothing()
	r.eventually(0, "nothing held", func(sh *session.Shard) bool { return *session.Unsent(sh) == 0 })
}
