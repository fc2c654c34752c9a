package redis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magent/internal/testkit"
)

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
