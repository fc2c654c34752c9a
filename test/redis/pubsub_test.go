package redis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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
