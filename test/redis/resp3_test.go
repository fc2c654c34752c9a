package redis

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// dial3 returns a client that speaks RESP3.
func dial3(t *testing.T, addr string) *conn {
	t.Helper()
	c := dial(t, addr)
	c.hello("3")
	return c
}

// connections returns how many connections of a version of the protocol a server has, beside the one that asks.
func connections(t *testing.T, server *testkit.Redis, proto string) int {
	t.Helper()
	c := dial(t, server.Addr)
	defer c.Close()
	return strings.Count(c.do("CLIENT", "LIST", "TYPE", "normal"), " resp="+proto+"\n") - strings.Count("2", proto)
}

// loops is how many event loops the proxy has. Each has its own connections.
func loops() int {
	n, _ := strconv.Atoi(os.Getenv("MAGENT_THREADS"))
	return max(1, n)
}

// some reports whether so many connections are in RESP3: one for each loop that has had a client of it.
func some(connections int) bool { return 1 <= connections && connections <= loops() }

// TestConnectionsOfRESP3 checks that a server gets a second connection when the first client comes that speaks RESP3,
// and that one is enough for all.
func TestConnectionsOfRESP3(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, calm).Addr
	c := dial(t, proxy)
	c.want("+OK\r\n", "SET", "k", "v")
	testkit.Until(t, "each loop is connected", func() bool { return connections(t, server, "2") == loops() })
	if three := connections(t, server, "3"); three != 0 {
		t.Fatalf("%d connections in RESP3", three)
	}
	for range 20 {
		dial3(t, proxy).want(bulk("v"), "GET", "k")
		dial3(t, proxy).want("_\r\n", "GET", "none")
	}
	if two, three := connections(t, server, "2"), connections(t, server, "3"); two != loops() || !some(three) {
		t.Errorf("%d connections in RESP2, %d in RESP3", two, three)
	}
}

// TestClientsOfBothProtocols has clients of both versions work at the same time on the same keys, and change the
// version now and then. Each gets its replies in its own version.
func TestClientsOfBothProtocols(t *testing.T) {
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm).Addr
	dial(t, proxy).want(":1\r\n", "ZADD", "z", "1.5", "a")
	want := map[string]string{
		"2": "$-1\r\n" + bulk("1.5") + "*2\r\n" + bulk("a") + bulk("1.5") + "*3\r\n$-1\r\n$-1\r\n$-1\r\n*0\r\n*0\r\n",
		"3": "_\r\n,1.5\r\n*1\r\n*2\r\n" + bulk("a") + ",1.5\r\n*3\r\n_\r\n_\r\n_\r\n%0\r\n~0\r\n",
	}
	batch := command("GET", "none") + command("ZSCORE", "z", "a") + command("ZRANGE", "z", "0", "-1", "WITHSCORES") +
		command("MGET", "none1", "none2", "none3") + command("HGETALL", "none") + command("SMEMBERS", "none")
	var all sync.WaitGroup
	for i := range 10 {
		c := dial(t, proxy)
		all.Go(func() {
			for n := range 300 {
				proto := protocols[(i+n/10)%2]
				if err := c.trySend(command("HELLO", proto) + batch); err != nil {
					t.Error(err)
					return
				}
				got := ""
				for range 7 {
					reply, err := c.tryReply()
					if err != nil {
						t.Error(err)
						return
					}
					if !strings.Contains(reply, "proto") {
						got += reply
					}
				}
				if got != want[proto] {
					t.Errorf("RESP%s: %q", proto, got)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestHelloInTransaction checks that HELLO is refused in a transaction, which fails then, and that the version stays.
func TestHelloInTransaction(t *testing.T) {
	t.Parallel()
	c := dial(t, startPool(t, startServers(t, 1), calm).Addr)
	for _, nulls := range []string{"$-1\r\n", "_\r\n"} {
		c.want("+OK\r\n", "MULTI")
		c.want("+QUEUED\r\n", "SET", "k", "v")
		c.wantPrefix("-ERR 'hello' cannot be part of a transaction here", "HELLO", "3")
		c.wantPrefix("-EXECABORT ", "EXEC")
		c.want(nulls, "GET", "k")
		c.hello("3")
	}
	c.want("+OK\r\n", "MULTI")
	c.want("+QUEUED\r\n", "HGETALL", "{k}")
	c.want("+QUEUED\r\n", "GET", "{k}")
	c.want("*2\r\n%0\r\n_\r\n", "EXEC")
}

// TestBackInRESP3 restarts the only server, while nobody asks and while requests fail. Clients of both versions are
// served again without a probe.
func TestBackInRESP3(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	proxy := startPool(t, servers, unprobed...).Addr
	two, three := dial(t, proxy), dial3(t, proxy)
	two.want("+OK\r\n", "SET", "k", "v")
	three.want(bulk("v"), "GET", "k")
	servers[0].Kill()
	servers[0].Restart()
	eventually3(t, three, "_\r\n")
	servers[0].Kill()
	for range 100 {
		three.wantPrefix("-ERR "+servers[0].Addr, "GET", "k")
	}
	awaitState(t, proxy, servers[0].Addr, "ejected")
	servers[0].Restart()
	eventually3(t, three, "_\r\n")
	serves(t, two, "k")
	awaitBack(t, proxy, servers[0].Addr, "k")
}

// eventually3 waits until a GET gets a reply.
func eventually3(t *testing.T, c *conn, want string) {
	t.Helper()
	testkit.Eventually(t, "an answer", func() error {
		if got := c.do("GET", "k"); got != want {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}

// TestHangingInRESP3 stops a server that only clients of RESP3 use. It is ejected, and used again when it goes on.
func TestHangingInRESP3(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	proxy := startPool(t, servers, hanging...).Addr
	c := dial3(t, proxy)
	c.want("+OK\r\n", "SET", "k", "v")
	servers[0].Pause()
	awaitEjected(t, c, "k")
	servers[0].Resume()
	eventually3(t, c, bulk("v"))
}

// TestEjectedInRESP3 checks that the keys of a dead server move for clients of RESP3, too, and come back.
func TestEjectedInRESP3(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, "auto_eject_hosts: true", calm, "server_retry_timeout: 10",
		"server_failure_limit: 1").Addr
	keys := keysOf(t, proxy, servers, 1)
	c := dial3(t, proxy)
	c.want(bulk("old"), "GET", keys[0][0])
	servers[0].Kill()
	testkit.Eventually(t, "the keys have moved", func() error {
		if got := c.do("SET", keys[0][0], "new"); got != "+OK\r\n" {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
	c.want(bulk("new"), "GET", keys[0][0])
	servers[0].Restart()
	testkit.Eventually(t, "the keys are back", func() error {
		if got := c.do("GET", keys[0][0]); got != "_\r\n" {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}

// oldServer answers as a Redis of a version that does not know HELLO.
type oldServer struct{ version string }

func (s oldServer) serve(c net.Conn) {
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		switch lines.Text() {
		case "HELLO":
			_, _ = c.Write([]byte("-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n"))
		case "PING":
			_, _ = c.Write([]byte("+PONG\r\n"))
		case "INFO":
			_, _ = c.Write([]byte(bulk("redis_version:" + s.version)))
		case "MULTI", "DISCARD":
			_, _ = c.Write([]byte("+OK\r\n"))
		case "GET":
			_, _ = c.Write([]byte("$-1\r\n"))
		}
	}
}

// TestServersWithoutRESP3 checks that clients are told so if a server does not speak RESP3: at once if its version
// says so, else when the proxy has found out.
func TestServersWithoutRESP3(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"5.0.14", "7.0.15"} {
		addr := testkit.Serve(t, oldServer{version}.serve)
		path := testkit.TempFile(t, "pools.yml", "p:\n  listen: "+testkit.DeadAddr(t)+
			"\n  redis: true\n  preconnect: true\n  "+calm+
			"\n  servers:\n   - "+addr+":1\n")
		proxy := startFile(t, path).Addr
		c := dial(t, proxy)
		c.want("$-1\r\n", "GET", "k")
		if version == "7.0.15" {
			c.hello("3")
			c.want("-ERR "+addr+": the server does not speak RESP3: have clients use protocol 2\r\n", "GET", "k")
			c.hello("2")
		}
		c.want("-NOPROTO unsupported protocol version\r\n", "HELLO", "3")
		c.want("$-1\r\n", "GET", "k")
		testkit.Eventually(t, "each loop has found out", func() error {
			c := dial(t, proxy)
			defer c.Close()
			if got := c.do("HELLO", "3"); got != "-NOPROTO unsupported protocol version\r\n" {
				return fmt.Errorf("HELLO: %q, GET: %q", got, c.do("GET", "k"))
			}
			return nil
		})
	}
}

// TestReloadInRESP3 replaces the pool under a client of RESP3, who goes on with it.
func TestReloadInRESP3(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	listen := testkit.DeadAddr(t)
	path := testkit.TempFile(t, "pools.yml", pool(listen, servers[:1], calm))
	proxy := startFile(t, path)
	c := dial3(t, listen)
	c.want("+OK\r\n", "MSET", "a", "1", "b", "2")
	for n, now := range [][]*testkit.Redis{servers, servers[1:], servers} {
		if err := os.WriteFile(path, []byte(pool(listen, now, calm)), 0o600); err != nil {
			t.Fatal(err)
		}
		proxy.Signal(syscall.SIGUSR1)
		testkit.Eventually(t, "reloaded", func() error {
			if took := strings.Count(proxy.Log(), "configuration reloaded"); took <= n {
				return fmt.Errorf("%d times", took)
			}
			return nil
		})
		c.want("_\r\n", "GET", "none")
		c.want("*4\r\n_\r\n_\r\n_\r\n_\r\n", "MGET", "none1", "none2", "none3", "none4")
		c.want("%0\r\n", "HGETALL", "none")
	}
	testkit.Eventually(t, "the connections to the server that left and came back", func() error {
		two, three := connections(t, servers[0], "2"), connections(t, servers[0], "3")
		if two != loops() || !some(three) {
			return fmt.Errorf("%d in RESP2, %d in RESP3", two, three)
		}
		return nil
	})
}

// TestLoadInRESP3 ends the connections to a server under load of both versions. Only what was in flight fails.
func TestLoadInRESP3(t *testing.T) {
	servers := startServers(t, 1)
	proxy := startPool(t, servers, unprobed...).Addr
	const clients = 8
	var answered, failed atomic.Int64
	var killed atomic.Bool
	var all sync.WaitGroup
	for i := range clients {
		c := dial(t, proxy)
		c.hello(protocols[i%2])
		all.Go(func() {
			for after := 0; after < 500 && failed.Load() <= clients; {
				if got, err := c.try("SET", "k", "v"); err != nil || got != "+OK\r\n" {
					failed.Add(1)
				} else if answered.Add(1); killed.Load() {
					after++
				}
			}
		})
	}
	testkit.Until(t, "load", func() bool { return answered.Load() > 1000 })
	dial(t, servers[0].Addr).wantPrefix(":", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	killed.Store(true)
	all.Wait()
	if n := failed.Load(); n > clients {
		t.Errorf("%d errors of %d clients with one request each in flight", n, clients)
	}
}

// TestTrackingIsRefused checks that a client which wants to be told of changes hears why it cannot be.
func TestTrackingIsRefused(t *testing.T) {
	t.Parallel()
	c := dial3(t, startPool(t, startServers(t, 1), calm).Addr)
	for _, args := range [][]string{{"ON"}, {"ON", "BCAST"}, {"ON", "OPTIN", "NOLOOP"}} {
		args = append([]string{"CLIENT", "TRACKING"}, args...)
		c.wantPrefix("-ERR 'client|tracking on' is not supported here: ", args...)
	}
	c.want("+OK\r\n", "CLIENT", "TRACKING", "OFF")
	c.wantPrefix("-ERR ", "CLIENT", "CACHING", "YES")
	c.want("_\r\n", "GET", "k")
}
