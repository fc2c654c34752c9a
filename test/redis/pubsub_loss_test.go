package redis

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// ends waits until the other side closes the connection. Nothing else must come.
func (c *conn) ends() {
	c.t.Helper()
	if rest := c.rest(); rest != "" {
		c.t.Fatalf("%.300q came", rest)
	}
}

// TestSubscribedServerDies checks that a client is closed when a server dies at which it has subscribed to something,
// and that others stay. Until the server is back it is closed whenever it subscribes.
func TestSubscribedServerDies(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, unprobed...)
	channels := channelsOf(t, proxy.Addr, servers, 1)
	for _, proto := range protocols {
		others, all, stays := dial(t, proxy.Addr), dial(t, proxy.Addr), dial(t, proxy.Addr)
		for c, args := range map[*conn][]string{
			others: {"SUBSCRIBE", channels[0][0]}, all: {"PSUBSCRIBE", "*"}, stays: {"SUBSCRIBE", channels[1][0]},
		} {
			c.hello(proto)
			c.want(confirmed(proto, strings.ToLower(args[0]), args[1], 1), args...)
		}
		servers[0].Kill()
		others.ends()
		all.ends()
		for range 5 {
			c := dial(t, proxy.Addr)
			c.send(command("SUBSCRIBE", channels[0][0]))
			c.ends()
		}
		dial(t, proxy.Addr).wantPrefix(":", "PUBLISH", channels[1][0], "text")
		stays.next(message(proto, channels[1][0], "text"))
		servers[0].Restart()
		awaitBack(t, proxy.Addr, servers[0].Addr, channels[0][0])
		again := dial(t, proxy.Addr)
		again.hello(proto)
		again.want(confirmed(proto, "subscribe", channels[0][0], 1), "SUBSCRIBE", channels[0][0])
	}
	awaitLog(t, proxy, "its subscribers were closed")
}

// TestSubscribedServerKillsClient checks that a client is closed whose connection the server closes.
func TestSubscribedServerKillsClient(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	c := dial(t, startPool(t, []*testkit.Redis{server}, calm).Addr)
	c.want(confirmed("2", "subscribe", "a", 1), "SUBSCRIBE", "a")
	dial(t, server.Addr).want(":1\r\n", "CLIENT", "KILL", "TYPE", "pubsub")
	c.ends()
}

// TestSubscribedReload checks that subscribers are closed when a reload changes their pool, and not when it changes
// another one.
func TestSubscribedReload(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	one, other := testkit.DeadAddr(t), testkit.DeadAddr(t)
	path := testkit.TempFile(t, "pools.yml", pool(one, servers, calm)+pool(other, servers, calm))
	proxy := startFile(t, path)
	for n, proto := range protocols {
		moved, stays := dial(t, one), dial(t, other)
		for _, c := range []*conn{moved, stays} {
			c.hello(proto)
			c.want(confirmed(proto, "psubscribe", "a", 1), "PSUBSCRIBE", "a")
		}
		calmer := "timeout: 30" + proto + "00"
		pools := pool(one, servers, calmer) + pool(other, servers, calm)
		if err := os.WriteFile(path, []byte(pools), 0o600); err != nil {
			t.Fatal(err)
		}
		proxy.Signal(syscall.SIGUSR1)
		moved.ends()
		dial(t, one).wantPrefix(":", "PUBLISH", "a", "text")
		stays.next(pmessage(proto, "a", "a", "text"))
		testkit.Until(t, "reloaded", func() bool { return strings.Count(proxy.Log(), "configuration reloaded") > n })
	}
	stays := dial(t, other)
	stays.want(confirmed("2", "psubscribe", "a", 1), "PSUBSCRIBE", "a")
	proxy.Terminate()
	stays.ends()
}

// TestSubscriberFallsBehind checks that a subscriber which does not fetch its messages is closed, and others are not.
func TestSubscriberFallsBehind(t *testing.T) {
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, calm)
	slow, reads, publisher := dial(t, proxy.Addr), dial(t, proxy.Addr), dial(t, proxy.Addr)
	for _, c := range []*conn{slow, reads} {
		c.want(confirmed("2", "subscribe", "a", 1), "SUBSCRIBE", "a")
	}
	text := strings.Repeat("x", 1<<20)
	for range 60 {
		publisher.wantPrefix(":", "PUBLISH", "a", text)
		reads.next(message("2", "a", text))
	}
	if rest := slow.rest(); len(rest) < 1<<20 || len(rest) > 40<<20 {
		t.Errorf("%d bytes came", len(rest))
	}
	testkit.Until(t, "one is left", func() bool { return publisher.do("PUBLISH", "a", "x") == ":1\r\n" })
	awaitLog(t, proxy, "a subscriber does not fetch its messages")
}

// TestSubscribersAreBounded checks that a client hears so when there is no connection for it, and nothing is left of
// what it wanted. Each loop keeps connections of its own, so there is one.
func TestSubscribersAreBounded(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startOne(t, servers, calm, "dedicated_connections: 3").Addr
	first, second := dial(t, proxy), dial(t, proxy)
	first.want(confirmed("2", "psubscribe", "*", 1), "PSUBSCRIBE", "*")
	second.want("-ERR 'psubscribe' needs a connection to the server: no connection of its own is left: all 3 of the "+
		"pool are in use (dedicated_connections)\r\n", "PSUBSCRIBE", "*")
	second.want("$-1\r\n", "GET", "k")
	first.want(confirmed("2", "punsubscribe", "*", 0), "PUNSUBSCRIBE")
	second.want(confirmed("2", "psubscribe", "*", 1), "PSUBSCRIBE", "*")
	second.want(confirmed("2", "subscribe", "a", 2), "SUBSCRIBE", "a")
}

// TestSubscribedChannelMoves checks that subscribers are closed when their channels, or some of their patterns', are
// elsewhere because a server was ejected or is back.
func TestSubscribedChannelMoves(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm, "auto_eject_hosts: true", "server_failure_limit: 1",
		"server_retry_timeout: 100").Addr
	channels := channelsOf(t, proxy, servers, 1)
	servers[0].Kill()
	c := dial(t, proxy)
	testkit.Until(t, "it is ejected", func() bool { return c.do("GET", channels[0][0]) == "$-1\r\n" })
	moves, all := subscribed(t, proxy, "SUBSCRIBE", channels[0][0]), subscribed(t, proxy, "PSUBSCRIBE", "*")
	stays := subscribed(t, proxy, "SUBSCRIBE", channels[1][0])
	c.want(":2\r\n", "PUBLISH", channels[0][0], "x")
	servers[0].Restart()
	moves.next(message("2", channels[0][0], "x"))
	moves.ends()
	all.next(pmessage("2", "*", channels[0][0], "x"))
	all.ends()
	c.wantPrefix(":", "PUBLISH", channels[1][0], "y")
	stays.next(message("2", channels[1][0], "y"))
}
