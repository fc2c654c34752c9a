package redis

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"magent/internal/testkit"
)

// confirmed is what a client gets that has subscribed to something, or has ended that.
func confirmed(proto, word, name string, n int) string {
	return pushes[proto] + "3\r\n" + bulk(word) + bulk(name) + fmt.Sprintf(":%d\r\n", n)
}

// message is what a subscriber gets.
func message(proto, channel, text string) string {
	return pushes[proto] + "3\r\n" + bulk("message") + bulk(channel) + bulk(text)
}

// pmessage is the same for a pattern.
func pmessage(proto, pattern, channel, text string) string {
	return pushes[proto] + "4\r\n" + bulk("pmessage") + bulk(pattern) + bulk(channel) + bulk(text)
}

// pushes begin what was not asked for, by the version of the protocol.
var pushes = map[string]string{"2": "*", "3": ">"}

// channelsOf returns channels for each server, so many each.
func channelsOf(t *testing.T, proxy string, servers []*testkit.Redis, n int) [][]string {
	t.Helper()
	return keysOf(t, proxy, servers, n) // a channel is where a key of that name is
}

// begun returns a new client that got a reply to its first command. One that is closed instead, or hears something
// else, is replaced: its loop may be about to find out what the test waits for.
func begun(t *testing.T, proxy, want string, args ...string) (c *conn) {
	t.Helper()
	testkit.Eventually(t, strings.Join(args, " ")+" is answered", func() error {
		c = dial(t, proxy)
		got, err := c.try(args...)
		if err == nil && got != want {
			err = fmt.Errorf("%q", got)
		}
		if err != nil {
			_ = c.Close()
		}
		return err
	})
	return c
}

// subscribed returns a new client that has subscribed to a channel or a pattern.
func subscribed(t *testing.T, proxy, word, name string) *conn {
	t.Helper()
	return begun(t, proxy, confirmed("2", strings.ToLower(word), name, 1), word, name)
}

// next fails the test if the client gets anything else.
func (c *conn) next(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if got := c.reply(); got != w {
			c.t.Fatalf("got %.300q, want %.300q", got, w)
		}
	}
}

// TestSubscribe checks that messages get from publishers to subscribers, whichever server a channel is on, and in both
// versions of the protocol.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3)
	proxy := startPool(t, servers, calm).Addr
	channels := channelsOf(t, proxy, servers, 2)
	publisher := dial(t, proxy)
	for _, proto := range protocols {
		c := dial(t, proxy)
		c.hello(proto)
		all := slices.Concat(channels...)
		c.send(command(append([]string{"SUBSCRIBE"}, all...)...) + command("PSUBSCRIBE", "key*", all[0]))
		for i, channel := range all {
			c.next(confirmed(proto, "subscribe", channel, i+1))
		}
		c.next(confirmed(proto, "psubscribe", "key*", len(all)+1), confirmed(proto, "psubscribe", all[0], len(all)+2))
		for i, of := range channels {
			for _, channel := range of {
				text := strings.Repeat("text ", i*100000)
				want := ":2\r\n"
				if channel == all[0] {
					want = ":3\r\n"
				}
				publisher.want(want, "PUBLISH", channel, text)
				got := []string{c.reply(), c.reply()}
				if channel == all[0] {
					if got = append(got, c.reply()); !slices.Contains(got, pmessage(proto, channel, channel, text)) {
						t.Errorf("%.200q", got)
					}
				}
				if got[0] != message(proto, channel, text) ||
					!slices.Contains(got, pmessage(proto, "key*", channel, text)) {
					t.Errorf("%.200q", got)
				}
			}
		}
		publisher.want("*4\r\n"+bulk(all[1])+":1\r\n"+bulk(all[2])+":1\r\n", "PUBSUB", "NUMSUB", all[1], all[2])
		publisher.want(":2\r\n", "PUBSUB", "NUMPAT")
		if got := words(publisher.do("PUBSUB", "CHANNELS", "key*")); len(got) != len(all) {
			t.Errorf("channels %q", got)
		}
		if proto == "3" {
			c.want(bulk("old"), "GET", all[0])
		} else {
			c.wantPrefix("-ERR Can't execute 'get'", "GET", all[0])
		}
		c.send(command("UNSUBSCRIBE", all[0], all[5]))
		c.next(confirmed(proto, "unsubscribe", all[0], 7), confirmed(proto, "unsubscribe", all[5], 6))
		publisher.want(":2\r\n", "PUBLISH", all[0], "x") // the patterns
		c.reply()
		c.reply()
		c.want("+RESET\r\n", "RESET")
		for _, channel := range all { // also those of patterns
			testkit.Until(t, "the server knows", func() bool {
				return publisher.do("PUBLISH", channel, "x") == ":0\r\n"
			})
		}
		c.want(bulk("old"), "GET", all[0])
	}
}

// TestSubscriberModel carries out random commands of a subscriber and a publisher, at one redis-server and at a pool
// of three. The subscribers get the same, apart from the order in which several patterns get one message.
func TestSubscriberModel(t *testing.T) {
	t.Parallel()
	to := startTargets(t)
	for _, addr := range to.pools {
		for _, proto := range protocols {
			rapid.Check(t, func(rt *rapid.T) { compareSubscribers(t, rt, to.direct, addr, proto) })
		}
	}
}

// subscriber is a client, and another one that publishes, at one address.
type subscriber struct{ c, publisher *conn }

func newSubscriber(t *testing.T, addr, proto string) subscriber {
	t.Helper()
	s := subscriber{dial(t, addr), dial(t, addr)}
	s.c.hello(proto)
	return s
}

// compareSubscribers does the same at two addresses, step by step.
func compareSubscribers(t *testing.T, rt *rapid.T, direct, addr, proto string) {
	t.Helper()
	a, b := newSubscriber(t, direct, proto), newSubscriber(t, addr, proto)
	defer func() { _, _, _, _ = a.c.Close(), b.c.Close(), a.publisher.Close(), b.publisher.Close() }()
	for _, c := range []*conn{a.publisher, b.publisher} {
		testkit.Until(t, "the clients before have gone", func() bool {
			return c.do("PUBSUB", "CHANNELS")+c.do("PUBSUB", "NUMPAT")+c.do("PUBSUB", "SHARDCHANNELS") ==
				"*0\r\n:0\r\n*0\r\n"
		})
	}
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "a*", "*", "?", "{a}x", ""}), 1, 5)
	for i := range rapid.IntRange(1, 15).Draw(rt, "steps") {
		word := rapid.SampledFrom([]string{
			"SUBSCRIBE", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
			"PUBLISH", "PUBLISH", "PUBLISH", "SPUBLISH", "PING", "all",
		}).Draw(rt, "command")
		args := append([]string{word}, names.Draw(rt, "names")...)
		switch {
		case strings.HasSuffix(word, "PUBLISH"):
			args = []string{word, args[1], fmt.Sprint("text ", i)}
			want := a.publisher.do(args...)
			if got := b.publisher.do(args...); got != want {
				rt.Fatalf("%q: %q, want %q", args, got, want)
			}
		case word == "all":
			ends := rapid.SampledFrom([]string{"UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"})
			args = []string{ends.Draw(rt, "which")}
			fallthrough
		default:
			if word == "PING" {
				args = args[:1]
			}
			a.c.send(command(args...))
			b.c.send(command(args...))
		}
		var want, got []string
		a.c.send(command("PING", "end"))
		for reply := a.c.reply(); !strings.HasSuffix(reply, bulk("end")); reply = a.c.reply() {
			want = append(want, reply)
		}
		for range want {
			got = append(got, b.c.reply())
		}
		b.c.send(command("PING", "end"))
		if reply := b.c.reply(); !strings.HasSuffix(reply, bulk("end")) {
			rt.Fatalf("%q: %q is too much", args, reply)
		}
		if word == "all" { // in any order
			want, got = namesAndCounts(want), namesAndCounts(got)
		} else if strings.HasSuffix(word, "PUBLISH") {
			slices.Sort(want)
			slices.Sort(got)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%q: %q, want %q", args, got, want)
		}
	}
}

// namesAndCounts returns the names of confirmations in order, and the counts as they came.
func namesAndCounts(confirmations []string) []string {
	var names, counts []string
	for _, c := range confirmations {
		at := strings.LastIndexByte(c, ':')
		names, counts = append(names, c[:at]), append(counts, c[at:])
	}
	slices.Sort(names)
	return append(names, counts...)
}

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

// TestSubscribeIsRefused checks that nothing is left of a command if a server refuses one of its names.
func TestSubscribeIsRefused(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	direct := dial(t, server.Addr)
	direct.want("+OK\r\n", "ACL", "SETUSER", "default", "resetchannels", "&good*")
	for _, proto := range protocols {
		c := dial(t, startPool(t, []*testkit.Redis{server}, calm).Addr)
		c.hello(proto)
		c.want("-NOPERM this user has no permissions to access one of the channels used as arguments\r\n",
			"SUBSCRIBE", "good1", "bad", "good2")
		c.want(map[string]string{"2": "$-1\r\n", "3": "_\r\n"}[proto], "GET", "k")
		direct.want(":0\r\n", "PUBLISH", "good1", "x")
		c.want(confirmed(proto, "subscribe", "good1", 1), "SUBSCRIBE", "good1")
		direct.want(":1\r\n", "PUBLISH", "good1", "x")
		c.next(message(proto, "good1", "x"))
		c.wantPrefix("+RESET", "RESET")
		testkit.Until(t, "the server knows", func() bool { return direct.do("PUBLISH", "good1", "x") == ":0\r\n" })
	}
}

// TestRefusedSubscribeHasNoDeadline checks that the pool's timeout ends with the answer, also if a server has refused
// all that it was asked for. Then the client's connection there goes on: for what it had subscribed to before, or for
// the next client that needs one.
func TestRefusedSubscribeHasNoDeadline(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, "timeout: 8000").Addr
	channels := channelsOf(t, proxy, servers, 2)
	good, bad := channels[0], channels[1][1]
	dial(t, servers[1].Addr).want("+OK\r\n", "ACL", "SETUSER", "default", "resetchannels", "&"+channels[1][0])
	const refusal = "-NOPERM this user has no permissions to access one of the channels used as arguments\r\n"

	one := subscribed(t, proxy, "SUBSCRIBE", channels[1][0]) // and then only a name that is refused
	one.want(refusal, "SUBSCRIBE", bad)
	two := subscribed(t, proxy, "SUBSCRIBE", channels[1][0]) // and then one that the other server does not refuse
	two.want(confirmed("2", "subscribe", good[0], 2), "SUBSCRIBE", good[0])
	two.want(refusal, "SUBSCRIBE", good[1], bad)
	waits := begun(t, proxy, refusal, "SUBSCRIBE", bad)
	list := "{" + bad + "}list"
	waits.send(command("BLPOP", list, "0"))

	c := dial(t, proxy)
	c.want("*-1\r\n", "BLPOP", "nothing", "9") // longer than the timeout
	c.want(":1\r\n", "RPUSH", list, "item")
	waits.next(popped(list, "item"))
	c.want(":0\r\n", "PUBLISH", good[1], "x")
	c.want(":1\r\n", "PUBLISH", good[0], "x")
	two.next(message("2", good[0], "x"))
	c.want(":2\r\n", "PUBLISH", channels[1][0], "x")
	one.next(message("2", channels[1][0], "x"))
	two.next(message("2", channels[1][0], "x"))
}

// TestSubscribeToKeyspace checks that events of keys come from all servers.
func TestSubscribeToKeyspace(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3, "--notify-keyspace-events", "Eg")
	proxy := startPool(t, servers, calm).Addr
	keys := keysOf(t, proxy, servers, 1)
	c := dial(t, proxy)
	const channel = "__keyevent@0__:del"
	c.want(confirmed("2", "subscribe", channel, 1), "SUBSCRIBE", channel)
	publisher := dial(t, proxy)
	publisher.want("*1\r\n"+bulk(channel), "PUBSUB", "CHANNELS")
	for _, of := range keys {
		publisher.want(":1\r\n", "DEL", of[0])
		c.next(message("2", channel, of[0]))
	}
}

// TestSubscribersAreIdle checks that a subscriber is not closed because it asks for nothing.
func TestSubscribersAreIdle(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	path := testkit.TempFile(t, "pools.yml", pool(testkit.DeadAddr(t), []*testkit.Redis{server}, calm))
	proxy := startFile(t, path, "--idle-timeout", "5s").Addr // which is long enough to begin, sooner or later
	c, idle := subscribed(t, proxy, "SUBSCRIBE", "a"), begun(t, proxy, "+PONG\r\n", "PING")
	idle.ends()
	begun(t, proxy, ":1\r\n", "PUBLISH", "a", "x")
	c.next(message("2", "a", "x"))
	c.want(confirmed("2", "unsubscribe", "a", 0), "UNSUBSCRIBE", "a")
	c.ends()
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

// TestManySubscribers has a thousand clients subscribe to one channel. Each gets what is published.
func TestManySubscribers(t *testing.T) {
	const n = 1000
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, calm)
	var clients []*conn
	for range n {
		c := dial(t, proxy.Addr)
		c.want(confirmed("2", "subscribe", "a", 1), "SUBSCRIBE", "a")
		clients = append(clients, c)
	}
	publisher, before := dial(t, proxy.Addr), proxy.CPU()
	const messages = 20
	for i := range messages {
		publisher.want(fmt.Sprintf(":%d\r\n", n), "PUBLISH", "a", fmt.Sprint(i))
	}
	for _, c := range clients {
		for i := range messages {
			c.next(message("2", "a", fmt.Sprint(i)))
		}
	}
	t.Logf("%d messages take %v of processor time", n*messages, proxy.CPU()-before)
}

// TestMessagesFollowConfirmations checks that messages wait until all names of a command are subscribed to, as the
// confirmations do.
func TestMessagesFollowConfirmations(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm).Addr
	channels := channelsOf(t, proxy, servers, 1)
	a, b := channels[0][0], channels[1][0]
	for _, proto := range protocols {
		c := dial(t, proxy)
		c.hello(proto)
		servers[1].Pause()
		c.send(command("SUBSCRIBE", a, b))
		direct := dial(t, servers[0].Addr)
		testkit.Until(t, "it is subscribed", func() bool { return direct.do("PUBLISH", a, "x") == ":1\r\n" })
		direct.want(":1\r\n", "PUBLISH", a, "y")
		servers[1].Resume()
		c.next(confirmed(proto, "subscribe", a, 1), confirmed(proto, "subscribe", b, 2))
		c.next(message(proto, a, "x"), message(proto, a, "y"))
		_ = c.Close()
		testkit.Until(t, "it has gone", func() bool { return direct.do("PUBLISH", a, "z") == ":0\r\n" })
	}
}
