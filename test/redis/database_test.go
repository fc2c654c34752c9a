package redis

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"magent/internal/testkit"
)

const databases = "databases: true"

// inDB returns how many connections from the proxy to a server are in a database, or in those from one to another.
func inDB(t *testing.T, server *testkit.Redis, first, last int) (n int) {
	t.Helper()
	c := dial(t, server.Addr)
	defer c.Close()
	for line := range strings.Lines(c.do("CLIENT", "LIST", "TYPE", "normal")) {
		_, text, _ := strings.Cut(line, " db=")
		text, _, _ = strings.Cut(text, " ")
		db, err := strconv.Atoi(text)
		if err == nil && first <= db && db <= last && !strings.Contains(line, " cmd=client|list ") {
			n++
		}
	}
	return n
}

// TestSelectLacking checks that nothing is carried out behind a SELECT that was refused, until one succeeds. Servers
// without the database stay in use for everybody else.
func TestSelectLacking(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2, "--databases", "4")
	proxy := startPool(t, servers, calm, databases)
	for _, proto := range protocols {
		c, other := dial(t, proxy.Addr), dial(t, proxy.Addr)
		c.hello(proto)
		c.want("+OK\r\n", "SELECT", "3")
		for _, db := range []string{"4", "15", "4"} {
			c.send(command("SELECT", db) + command("SET", "k", "v") + command("MULTI") + command("PING"))
			for _, want := range []string{
				"-ERR DB index is out of range\r\n", "-ERR nothing is carried out", "-ERR nothing is carried out",
				"+PONG\r\n",
			} {
				if got := c.reply(); !strings.HasPrefix(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
			}
			other.want("+OK\r\n", "SET", "k", "other")
		}
		c.want("+OK\r\n", "SELECT", "2")
		c.want(":0\r\n", "EXISTS", "k")
		c.want("+OK\r\n", "MULTI")
		c.wantPrefix("-ERR 'select' cannot be part of a transaction here", "SELECT", "1")
		c.wantPrefix("-EXECABORT ", "EXEC")
		c.want(":0\r\n", "EXISTS", "k")
	}
	if strings.Contains(proxy.Log(), "ejected") {
		t.Error("a server was ejected")
	}
}

// TestDatabaseOfPool checks that clients which select nothing have the pool's database, and that others may select it.
func TestDatabaseOfPool(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	c := dial(t, startPool(t, servers, calm, databases, "redis_db: 3").Addr)
	c.want("+OK\r\n", "SET", "k", "three")
	for _, db := range []string{"0", "3", "1"} {
		c.want("+OK\r\n", "SELECT", db)
		c.want("+OK\r\n", "SET", "k"+db, db)
	}
	if got := c.do("CLIENT", "INFO"); !strings.Contains(got, " db=1 ") {
		t.Errorf("%q", got)
	}
	c.want("+RESET\r\n", "RESET")
	c.want("*3\r\n$-1\r\n"+bulk("3")+bulk("three"), "MGET", "k0", "k3", "k")
	testkit.Eventually(t, "INFO of the server", func() error { // which is missing if it takes more than a second
		_, lines := sections(c.do("INFO", "keyspace"))
		want := []string{"db0:keys=1,", "db1:keys=1,", "db3:keys=2,"}
		if !slices.EqualFunc(lines, want, strings.HasPrefix) {
			return fmt.Errorf("%q", lines)
		}
		return nil
	})
	direct := dial(t, servers[0].Addr)
	direct.want(bulk("0"), "GET", "k0")
}

// TestDatabasesShare checks that the clients of a database share one connection to each server and loop, and that
// those who wait there have one of their own in that database.
func TestDatabasesShare(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm, databases).Addr
	var clients []*conn
	for range 20 {
		c := dial(t, proxy)
		c.want("+OK\r\n", "SELECT", "2")
		clients = append(clients, c)
	}
	for _, s := range servers {
		testkit.Eventually(t, "some connections", func() error { // they end if nobody uses them for some seconds
			for _, c := range clients {
				c.want("*2\r\n$-1\r\n$-1\r\n", "MGET", "a", "b")
			}
			if n := inDB(t, s, 2, 2); !some(n) {
				return fmt.Errorf("there are %d", n)
			}
			return nil
		})
	}
	keys := keysOf(t, proxy, servers, 1)
	waiter, pusher := dial(t, proxy), dial(t, proxy)
	waiter.want("+OK\r\n", "SELECT", "7")
	waiter.send(command("BLPOP", keys[0][0], "0"))
	awaitWaiting(t, servers[0], 1)
	pusher.want("+OK\r\n", "SELECT", "6")
	pusher.want(":1\r\n", "RPUSH", keys[0][0], "six")
	pusher.want("+OK\r\n", "SELECT", "7")
	pusher.want(":1\r\n", "RPUSH", keys[0][0], "seven")
	if got, want := waiter.reply(), "*2\r\n"+bulk(keys[0][0])+bulk("seven"); got != want {
		t.Errorf("%q", got)
	}
}

// TestManyDatabases checks that the connections to databases are limited: those that nobody uses make room, and if
// all are in use, the client hears so.
func TestManyDatabases(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1, "--databases", "200")
	proxy := startOne(t, servers, calm, databases).Addr
	c := dial(t, proxy)
	for db := range 200 {
		c.want("+OK\r\n", "SELECT", fmt.Sprint(db))
		c.want("+OK\r\n", "SET", "k", fmt.Sprint(db))
	}
	for db := range 200 {
		c.want("+OK\r\n", "SELECT", fmt.Sprint(db))
		c.want(bulk(fmt.Sprint(db)), "GET", "k")
	}
	last := "" // a busy machine is so slow that connections are closed which nobody has used for a while
	for db := 200 - 64; db < 200; db++ {
		last += command("SELECT", fmt.Sprint(db)) + command("GET", "k")
	}
	testkit.Eventually(t, "64 connections to other databases", func() error {
		c.send(last)
		for db := 200 - 64; db < 200; db++ {
			c.next("+OK\r\n", bulk(fmt.Sprint(db)))
		}
		if all := inDB(t, servers[0], 1, 199); all != 64 {
			return fmt.Errorf("there are %d", all)
		}
		return nil
	})
	if n := requestsOf(t, c); n < 599 { // 199 to find out whether there is a database
		t.Errorf("%d requests are known of, 599 were sent", n)
	}
	var waiters []*conn
	for db := 1; db <= 64; db++ {
		w := dial(t, proxy)
		w.want("+OK\r\n", "SELECT", fmt.Sprint(db))
		w.send(command("BLPOP", "q", "0"))
		waiters = append(waiters, w)
		awaitWaiting(t, servers[0], db)
	}
	for _, db := range []string{"65", "199"} { // one that is known
		c.want("+OK\r\n", "SELECT", db)
		c.wantPrefix("-ERR connections to 64 databases are in use at a time", "GET", "k")
		c.want("+OK\r\n", "MULTI")
		c.want("+QUEUED\r\n", "PING")
		c.wantPrefix("-ERR connections to 64 databases are in use at a time", "EXEC")
		c.want("+PONG\r\n", "PING")
	}
	pusher := dial(t, servers[0].Addr)
	pusher.want("+OK\r\n", "SELECT", "64")
	pusher.want(":1\r\n", "RPUSH", "q", "x")
	waiters[63].reply()
	c.want(bulk("199"), "GET", "k")
}

// requestsOf returns how many requests the proxy says that it has sent to its server.
func requestsOf(t *testing.T, c *conn) (n int) {
	t.Helper()
	_, text, _ := strings.Cut(c.do("INFO", "servers"), "requests=")
	if _, err := fmt.Sscanf(text, "%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestHelloWhileWatching checks that EXEC is answered in the version that the client speaks then, and is still
// guarded by what it watched before.
func TestHelloWhileWatching(t *testing.T) {
	t.Parallel()
	proxy := startPool(t, startServers(t, 2), calm).Addr
	other := dial(t, proxy)
	for i, to := range protocols {
		c := dial(t, proxy)
		c.hello(protocols[1-i])
		for _, change := range []bool{true, false} {
			c.want("+OK\r\n", "WATCH", "h")
			c.hello(to)
			want := "*2\r\n" + map[string]string{"2": "*0\r\n$-1\r\n", "3": "%0\r\n_\r\n"}[to]
			if change {
				other.want("+OK\r\n", "SET", "h", "x")
				other.want(":1\r\n", "DEL", "h")
				want = nulls[to]
			}
			c.want("+OK\r\n", "MULTI")
			c.want("+QUEUED\r\n", "HGETALL", "h")
			c.want("+QUEUED\r\n", "GET", "{h}none")
			c.want(want, "EXEC")
			c.hello(protocols[1-i])
		}
	}
}

// TestClientsOfManyDatabases has clients of both versions go from database to database at the same time. Each finds
// there what is there, in its version.
func TestClientsOfManyDatabases(t *testing.T) {
	t.Parallel()
	proxy := startPool(t, startServers(t, 2), calm, databases).Addr
	var all sync.WaitGroup
	for i := range 8 {
		c := dial(t, proxy)
		all.Go(func() {
			for n := range 200 {
				db, proto := fmt.Sprint((i+n)%16), protocols[(i+n/7)%2]
				err := c.trySend(command("HELLO", proto) + command("SELECT", db) + command("SET", "k", db) +
					command("GET", "k") + command("GET", "none"))
				null := map[string]string{"2": "$-1\r\n", "3": "_\r\n"}[proto]
				for _, want := range []string{"", "+OK\r\n", "+OK\r\n", bulk(db), null} {
					got, failed := c.tryReply()
					if err := cmp.Or(err, failed); err != nil || want != "" && got != want {
						t.Errorf("database %s, RESP%s: %q, %v, want %q", db, proto, got, err, want)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

// TestOrderAcrossConnections has a client write and read at once in turns in both versions of the protocol, and in
// several databases: what it reads is what it has written before, although other connections go to the server.
func TestOrderAcrossConnections(t *testing.T) {
	c := dial(t, startPool(t, startServers(t, 2), calm, databases).Addr)
	for n := range 100 {
		proto, v := protocols[n%2], fmt.Sprint(n)
		c.send(command("HELLO", proto) + command("SET", "k", v) + command("HELLO", protocols[1-n%2]) +
			command("GET", "k") + command("MOVE", "k", "1") + command("SELECT", "1") + command("GET", "k") +
			command("DEL", "k") + command("SET", "k", "one") + command("MOVE", "k", "0") + command("RESET") +
			command("GET", "k"))
		for _, want := range []string{
			"", "+OK\r\n", "", bulk(v), ":1\r\n", "+OK\r\n", bulk(v), ":1\r\n", "+OK\r\n", ":1\r\n", "+RESET\r\n",
			bulk("one"),
		} {
			if got := c.reply(); want != "" && got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	}
}

// TestIdleDatabases checks that connections to a database are closed when no client uses it, and made again for the
// next command of one.
func TestIdleDatabases(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	proxy := startPool(t, servers, calm, databases).Addr
	c, watching := dial(t, proxy), dial(t, proxy)
	for db, client := range map[string]*conn{"1": c, "2": watching} {
		client.want("+OK\r\n", "SELECT", db)
		client.want("+OK\r\n", "SET", "k", db)
	}
	watching.want("+OK\r\n", "WATCH", "k")
	testkit.Eventually(t, "a connection to its database", func() error { // it ends if nobody uses it for some seconds
		c.want(bulk("1"), "GET", "k")
		if n := inDB(t, servers[0], 1, 1); n != 1 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	testkit.Until(t, "they are closed", func() bool { return inDB(t, servers[0], 1, 1) == 0 })
	if got := c.do("INFO", "servers"); !strings.Contains(got, ",state=up,") {
		t.Errorf("the server is not up: %s", got)
	}
	c.want(bulk("1"), "GET", "k")
	watching.want("+OK\r\n", "MULTI")
	watching.want("+QUEUED\r\n", "GET", "k")
	watching.want("*1\r\n"+bulk("2"), "EXEC")
}
