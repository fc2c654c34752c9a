package redis

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"magent/internal/testkit"
)

// door is a way to a server. While it is locked, new connections wait.
type door struct {
	sync.RWMutex

	to    string
	waits chan struct{} // for each connection, before it may have to wait
}

// startDoor returns an open door to a server, and its address.
func startDoor(t *testing.T, to string) (d *door, addr string) {
	t.Helper()
	d = &door{to: to, waits: make(chan struct{}, 1000)}
	return d, testkit.Serve(t, d.serve)
}

func (d *door) serve(c net.Conn) {
	d.waits <- struct{}{}
	d.RLock()
	server, err := net.Dial("tcp", d.to)
	d.RUnlock()
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, c)
		_ = server.Close()
	}()
	_, _ = io.Copy(c, server)
}

// awaitLoops waits for the first connection of each loop, so that none of these is taken for another one later.
func (d *door) awaitLoops(t *testing.T) {
	t.Helper()
	for range loops() {
		testkit.Await(t, "a connection of each loop", d.waits)
	}
}

// shut has new connections wait until open is called, or the test is over.
func (d *door) shut(t *testing.T) (open func()) {
	d.Lock()
	open = sync.OnceFunc(d.Unlock)
	t.Cleanup(open)
	for len(d.waits) > 0 {
		<-d.waits
	}
	return open
}

// TestPublishedBehindSubscribe checks that a client gets what others publish behind its SUBSCRIBE, as from Redis
// itself, although the connection for it is only being made. So it is for all ways to subscribe and to publish, and
// for questions about subscribers. Other requests do not wait.
func TestPublishedBehindSubscribe(t *testing.T) {
	one := command("PUBLISH", "a", "x")
	for name, tt := range map[string]struct {
		subscribe string
		channel   string // or pattern
		behind    string // what another client sends
		replies   []string
		message   func(proto string) string // nil: none
	}{
		"PUBLISH": {
			"SUBSCRIBE", "a", one,
			[]string{":1\r\n"},
			func(proto string) string { return message(proto, "a", "x") },
		},
		"pattern": {
			"PSUBSCRIBE", "a*", one,
			[]string{":1\r\n"},
			func(proto string) string { return pmessage(proto, "a*", "a", "x") },
		},
		"SPUBLISH": {
			"SSUBSCRIBE", "a", command("SPUBLISH", "a", "x"),
			[]string{":1\r\n"},
			func(proto string) string { return strings.Replace(message(proto, "a", "x"), "$7\r\n", "$8\r\ns", 1) },
		},
		"EXEC": {
			"SUBSCRIBE", "a", command("MULTI") + command("SET", "{a}k", "v") + one + command("EXEC"),
			[]string{"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "*2\r\n+OK\r\n:1\r\n"},
			func(proto string) string { return message(proto, "a", "x") },
		},
		"PUBSUB": {
			"SUBSCRIBE", "a", command("PUBSUB", "NUMSUB", "a"), []string{"*2\r\n" + bulk("a") + ":1\r\n"}, nil,
		},
	} {
		for _, proto := range protocols {
			t.Run(name+" in RESP"+proto, func(t *testing.T) {
				t.Parallel()
				d, addr := startDoor(t, testkit.StartRedis(t).Addr)
				proxy := startPool(t, []*testkit.Redis{{Addr: addr}}, calm).Addr
				d.awaitLoops(t)
				subscriber, publisher, other := dial(t, proxy), dial(t, proxy), dial(t, proxy)
				subscriber.hello(proto)
				subscriber.want(":0\r\n", "EXISTS", "k") // so there are connections that all share
				open := d.shut(t)
				subscriber.send(command(tt.subscribe, tt.channel))
				testkit.Await(t, "a connection of its own", d.waits)
				publisher.send(command("PING") + tt.behind + command("PING"))
				publisher.next("+PONG\r\n") // so all of it was read
				other.want("+OK\r\n", "SET", "k", "v")
				open()
				subscriber.next(confirmed(proto, strings.ToLower(tt.subscribe), tt.channel, 1))
				publisher.next(append(tt.replies, "+PONG\r\n")...)
				if tt.message != nil {
					subscriber.next(tt.message(proto))
				}
			})
		}
	}
}

// TestPublishedBehindNobody checks that nobody waits any more when a client has gone that was about to subscribe.
func TestPublishedBehindNobody(t *testing.T) {
	t.Parallel()
	d, addr := startDoor(t, testkit.StartRedis(t).Addr)
	proxy := startPool(t, []*testkit.Redis{{Addr: addr}}, calm).Addr
	d.awaitLoops(t)
	subscriber, publisher := dial(t, proxy), dial(t, proxy)
	publisher.want(":0\r\n", "PUBLISH", "a", "x")
	d.shut(t)
	subscriber.send(command("SUBSCRIBE", "a"))
	testkit.Await(t, "a connection of its own", d.waits)
	publisher.send(command("PING") + command("PUBLISH", "a", "x"))
	publisher.next("+PONG\r\n")
	_ = subscriber.Close()
	publisher.next(":0\r\n")
}
