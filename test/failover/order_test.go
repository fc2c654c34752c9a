package failover

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

const (
	racers  = 16
	keys    = 100
	packets = 150 // of each racer
	depth   = 10  // commands in a packet
)

// TestCopiesAgree lets clients race with set, append, prepend, incr, delete, add, replace, touch and cas, with one
// loop and with two.
func TestCopiesAgree(t *testing.T) {
	for _, threads := range []string{"1", "2"} {
		t.Run("threads "+threads, func(t *testing.T) {
			primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
			proxy := harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr, "--threads", threads)
			err := harness.Together(racers, func(i int) error { return race(proxy.Addr, uint64(i)) })
			if err != nil {
				t.Fatal(err)
			}
			compareAll(t, primary, backup)
		})
	}
}

// TestCopiesAgreeOverFarms does the same with two primaries and three backups.
func TestCopiesAgreeOverFarms(t *testing.T) {
	var primaries, backups []*harness.Memcached
	var args []string
	for i := range 5 {
		m := harness.StartMemcached(t)
		if i < 2 {
			primaries, args = append(primaries, m), append(args, "-s", m.Addr)
		} else {
			backups, args = append(backups, m), append(args, "-b", m.Addr)
		}
	}
	proxy := harness.StartMagent(t, append(args, "--threads", "2")...)
	err := harness.Together(racers, func(i int) error { return race(proxy.Addr, uint64(i)) })
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "primaries and backups agree", func() error { // see compareAll
		for i := range keys {
			if one, other := held(t, primaries, key(i)), held(t, backups, key(i)); one != other {
				return fmt.Errorf("%s: the primaries hold %q, the backups %q", key(i), one, other)
			}
		}
		return nil
	})
}

func key(i int) string { return fmt.Sprintf("key%d", i) }

// race is the goroutine of a client. It sends packets of mixed mutations, and sometimes a cas.
func race(addr string, seed uint64) error {
	c, err := harness.Open(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	none, err := c.Try("mg none\r\n")
	if err != nil {
		return err
	}
	kinds := 12
	if none != "EN\r\n" {
		kinds = 11 // the servers lack the meta commands
	}
	r := rand.New(rand.NewPCG(seed, 7))
	for range packets {
		var packet strings.Builder
		replies := 0
		for range 1 + r.IntN(depth) {
			replies += mutate(r, kinds, &packet)
		}
		if err := c.TrySend(packet.String()); err != nil {
			return err
		}
		for range replies {
			reply, err := c.TryReply()
			if err != nil || strings.HasPrefix(reply, "SERVER_ERROR") || strings.HasPrefix(reply, "ERROR") {
				return fmt.Errorf("reply %q, %w", reply, err)
			}
		}
		if err := swap(c, r); err != nil {
			return err
		}
	}
	return nil
}

// mutate adds a command and returns the number of its replies. A number gets shorter only by a set: memcached may or
// may not pad it with spaces, depending on whether the item is in use.
func mutate(r *rand.Rand, kinds int, packet *strings.Builder) int {
	k, value := key(r.IntN(keys)), fmt.Sprint(1+r.IntN(999_999))
	replies, quiet := 1, ""
	if r.IntN(4) == 0 {
		replies, quiet = 0, " noreply"
	}
	storage := fmt.Sprintf(" %s %d 0 %d%s\r\n%s\r\n", k, r.IntN(100), len(value), quiet, value)
	switch r.IntN(kinds) {
	case 0, 1, 2:
		packet.WriteString("set" + storage)
	case 3, 4:
		packet.WriteString(fmt.Sprintf("append %s 0 0 1%s\r\n%d\r\n", k, quiet, r.IntN(10)))
	case 5:
		packet.WriteString(fmt.Sprintf("prepend %s 0 0 1%s\r\n%d\r\n", k, quiet, 1+r.IntN(9)))
	case 6, 7:
		packet.WriteString(fmt.Sprintf("incr %s %d%s\r\n", k, r.IntN(1000), quiet))
	case 8:
		packet.WriteString("delete " + k + quiet + "\r\n")
	case 9:
		packet.WriteString("add" + storage)
	case 10:
		packet.WriteString("replace" + storage)
	default:
		packet.WriteString(fmt.Sprintf("ms %s %d F%d\r\n%s\r\n", k, len(value), r.IntN(100), value))
		replies = 1
	}
	return replies
}

// swap sends gets and cas, with mutations of the same key directly after the cas.
func swap(c *harness.Client, r *rand.Rand) error {
	k := key(r.IntN(keys))
	reply, err := c.Try("gets " + k + "\r\n")
	if err != nil || reply == "END\r\n" {
		return err
	}
	token := strings.Fields(reply)[4]
	reply, err = c.Try(fmt.Sprintf("cas %s %d 0 6 %s\r\n%d\r\nincr %s 1 noreply\r\nappend %s 0 0 1 noreply\r\n7\r\n",
		k, r.IntN(100), token, 100_000+r.IntN(900_000), k, k))
	if err == nil && reply != "STORED\r\n" && reply != "EXISTS\r\n" && reply != "NOT_FOUND\r\n" {
		err = fmt.Errorf("reply %q to cas", reply)
	}
	return err
}

// compareAll reads all keys from both servers. Only noreply commands can still be in flight, so a copy may be a moment
// late.
func compareAll(t *testing.T, primary, backup *harness.Memcached) {
	t.Helper()
	one, other := harness.Dial(t, primary.Addr), harness.Dial(t, backup.Addr)
	testkit.Eventually(t, "primary and backup agree", func() error {
		var differ []string
		held := 0
		for i := range keys {
			want, got := one.Do("get "+key(i)+"\r\n"), other.Do("get "+key(i)+"\r\n")
			if want != got {
				differ = append(differ, fmt.Sprintf("%q and %q", want, got))
			}
			if want != "END\r\n" {
				held++
			}
		}
		if held < keys/2 {
			t.Fatalf("the primary holds %d of %d keys: the race has shown nothing", held, keys)
		}
		if len(differ) > 0 {
			return fmt.Errorf("%d keys differ: %s", len(differ), strings.Join(differ, "; "))
		}
		return nil
	})
}

// held returns the value that a set of servers holds for a key. At most one of the servers has the key.
func held(t *testing.T, farm []*harness.Memcached, key string) string {
	t.Helper()
	value := ""
	for _, server := range farm {
		c := harness.Dial(t, server.Addr)
		got := c.Do("get " + key + "\r\n")
		c.Close()
		if got != "END\r\n" {
			if value != "" {
				t.Errorf("%s is on two servers", key)
			}
			value = got
		}
	}
	return value
}
