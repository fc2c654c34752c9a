package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"magent/internal/testkit"
)

// nulls are the replies to an EXEC that has done nothing, by the version of the protocol.
var nulls = map[string]string{"2": "*-1\r\n", "3": "_\r\n"}

// TestWatch checks that a transaction is carried out only if no other client has changed a watched key, wherever that
// is, and whichever version of the protocol is spoken.
func TestWatch(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm).Addr
	keys := keysOf(t, proxy, servers, 1)
	other := dial(t, proxy)
	for _, proto := range protocols {
		c := dial(t, proxy)
		c.hello(proto)
		for _, of := range keys {
			for _, change := range []bool{true, false} {
				c.want("+OK\r\n", "WATCH", of[0])
				other.want("+OK\r\n", "SET", keys[0][0], "0")
				if change {
					other.want("+OK\r\n", "SET", of[0], "1")
				}
				c.want("+OK\r\n", "MULTI")
				c.want("+QUEUED\r\n", "SET", of[0], "mine")
				want := "*1\r\n+OK\r\n"
				if change || of[0] == keys[0][0] {
					want = nulls[proto]
				}
				c.want(want, "EXEC")
			}
		}
		c.want("+OK\r\n", "WATCH", keys[0][0])
		c.wantPrefix("-CROSSSLOT ", "WATCH", keys[1][0])
		c.want("+OK\r\n", "MULTI")
		c.want("+QUEUED\r\n", "SET", keys[1][0], "x")
		c.wantPrefix("*1\r\n-CROSSSLOT ", "EXEC")
		c.want("+OK\r\n", "WATCH", keys[1][0]) // nothing is left of the first one
		c.wantPrefix("-ERR 'blpop' cannot wait while keys are watched", "BLPOP", keys[1][0], "0")
		c.want("+OK\r\n", "UNWATCH")
	}
}

// TestWatchIsLost checks that a transaction is not carried out if the keys may have changed unseen, because the server
// was restarted, or the pool has changed.
func TestWatchIsLost(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	listen := testkit.DeadAddr(t)
	servers := []*testkit.Redis{server}
	path := testkit.TempFile(t, "pools.yml", pool(listen, servers, unprobed...))
	proxy := startFile(t, path)
	for name, lose := range map[string]func(){
		"restart": server.Restart,
		"kill":    func() { _, _ = server.Do("CLIENT KILL TYPE normal SKIPME yes") },
		"reload": func() {
			text := pool(listen, servers, append(slices.Clip(unprobed), "max_value: 1m")...)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			proxy.Signal(syscall.SIGUSR1)
			testkit.Until(t, "reloaded", func() bool {
				return strings.Contains(proxy.Log(), "configuration reloaded")
			})
		},
	} {
		for _, proto := range protocols {
			c := dial(t, listen)
			c.hello(proto)
			testkit.Until(t, "it is served", func() bool { return c.do("SET", "k", "old") == "+OK\r\n" })
			c.want("+OK\r\n", "WATCH", "k")
			if proto == "2" || name != "reload" {
				lose()
			}
			testkit.Until(t, "it is served", func() bool { return c.do("SET", "other", "x") == "+OK\r\n" })
			c.want("+OK\r\n", "MULTI")
			c.want("+QUEUED\r\n", "SET", "k", "mine")
			want := nulls[proto]
			if proto == "3" && name == "reload" {
				want = "*1\r\n+OK\r\n" // nothing was lost
			}
			if got := c.do("EXEC"); got != want {
				t.Errorf("%s, RESP%s: %q", name, proto, got)
			}
		}
	}
}

// TestWatchOutlivesHello checks that a transaction is not carried out if the connection that watches the keys was
// given up because it did not answer HELLO.
func TestWatchOutlivesHello(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	proxy := startPool(t, servers, "timeout: 8000").Addr
	c := dial(t, proxy)
	c.want("+OK\r\n", "WATCH", "k")
	servers[0].Pause()
	c.wantPrefix("-ERR ", "HELLO", "3")
	servers[0].Resume()
	testkit.Until(t, "the server is used again", func() bool {
		got, err := dial(t, proxy).try("SET", "k", "other")
		return err == nil && got == "+OK\r\n"
	})
	c.want("+OK\r\n", "MULTI")
	c.want("+QUEUED\r\n", "SET", "k", "mine")
	c.want("*-1\r\n", "EXEC")
	c.want(bulk("other"), "GET", "k")
}

// TestWatchOfManyMoves checks that a transaction is not carried out if any of the watched keys belongs to another
// server meanwhile, not only the first one.
func TestWatchOfManyMoves(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startOne(t, servers, calm, "auto_eject_hosts: true", "server_failure_limit: 1",
		"server_retry_timeout: 100").Addr
	keys := keysOf(t, proxy, servers, 2)
	goes, probe, stays := keys[0][0], keys[0][1], keys[1][0]
	other, direct := dial(t, proxy), dial(t, servers[1].Addr)
	servers[0].Kill()
	testkit.Until(t, "it is ejected", func() bool { return other.do("GET", probe) == "$-1\r\n" })
	together, inTurn, alone := dial(t, proxy), dial(t, proxy), dial(t, proxy)
	together.want("+OK\r\n", "WATCH", stays, goes)
	inTurn.want("+OK\r\n", "WATCH", stays)
	inTurn.want("+OK\r\n", "WATCH", goes)
	alone.want("+OK\r\n", "WATCH", stays)
	servers[0].Restart()
	n := 0
	testkit.Until(t, "it is back", func() bool {
		n++
		value := fmt.Sprint(n)
		return other.do("SET", probe, value) == "+OK\r\n" && direct.do("GET", probe) != bulk(value)
	})
	const nothing, done = "*-1\r\n", "*1\r\n+OK\r\n"
	for c, want := range map[*conn]string{together: nothing, inTurn: nothing, alone: done} {
		c.want("+OK\r\n", "MULTI")
		c.want("+QUEUED\r\n", "SET", keys[1][1], "mine")
		c.want(want, "EXEC")
	}
}

// TestWatchCounts has clients of go-redis count together by WATCH, GET and SET in a transaction. None of their steps
// is lost. They take turns with the connections: each loop needs no more than there are clients.
func TestWatchCounts(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	const clients, each = 8, 25
	client := goRedis(t, startPool(t, []*testkit.Redis{server}, calm,
		fmt.Sprint("dedicated_connections: ", clients*loops())).Addr)
	failed := make(chan error, clients)
	for range clients {
		go count(t.Context(), client, each, failed)
	}
	for range clients {
		if err := testkit.Await(t, "a client", failed); err != nil {
			t.Error(err)
		}
	}
	if n, err := client.Get(t.Context(), "n").Int(); n != clients*each || err != nil {
		t.Errorf("it is %d: %v", n, err)
	}
	dial(t, server.Addr).want(bulk(fmt.Sprint(clients*each)), "GET", "n")
}

// count raises a number by one, n times.
func count(ctx context.Context, client *redis.Client, n int, done chan<- error) {
	for n > 0 {
		err := client.Watch(ctx, func(tx *redis.Tx) error {
			old, err := tx.Get(ctx, "n").Int()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, "n", old+1, 0)
				return nil
			})
			return err
		}, "n")
		if err == nil {
			n--
		} else if !errors.Is(err, redis.TxFailedErr) {
			done <- err
			return
		}
	}
	done <- nil
}

// TestWatchingClientGoes checks that nothing is left at the server of a client that has gone while it watched keys.
func TestWatchingClientGoes(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, calm).Addr
	before := loops()
	testkit.Until(t, "each loop is connected", func() bool { return connections(t, server, "2") == before })
	for range 5 {
		c := dial(t, proxy)
		c.want("+OK\r\n", "WATCH", "k")
		if n := connections(t, server, "2"); n != before+1 {
			t.Errorf("%d connections while it watches, %d before", n, before)
		}
		_ = c.Close()
		testkit.Until(t, "the server forgets it", func() bool { return connections(t, server, "2") == before })
	}
}
