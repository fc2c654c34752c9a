package redis

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// awaitWaiting waits until so many clients wait at a server.
func awaitWaiting(t *testing.T, server *testkit.Redis, n int) {
	t.Helper()
	server.Await("INFO clients", fmt.Sprintf("blocked_clients:%d\r\n", n))
}

// popped is the reply to a command that has taken an item from a list.
func popped(key, item string) string { return "*2\r\n" + bulk(key) + bulk(item) }

// unblocked is the reply to a command that waits when its pool changes.
const unblocked = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"

// TestWaiting checks that a client waits for an item at the server of its key, in both versions of the protocol. What
// it asks for meanwhile is answered behind that. Others do not wait.
func TestWaiting(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm).Addr
	keys := keysOf(t, proxy, servers, 2)
	other := dial(t, proxy)
	for at, server := range servers {
		for i, proto := range protocols {
			c, key := dial(t, proxy), keys[at][i]
			c.hello(proto)
			other.want(":1\r\n", "DEL", key)
			c.send(command("SET", "before", "x") + command("BLPOP", key, "0"))
			c.send(command("GET", "later") + command("PING"))
			if got := c.reply(); got != "+OK\r\n" {
				t.Fatalf("in front of it: %q", got)
			}
			awaitWaiting(t, server, 1)
			awaitWaiting(t, servers[1-at], 0)
			other.want("+OK\r\n", "SET", "later", key)
			other.want(":1\r\n", "RPUSH", key, "item")
			if got := c.reply() + c.reply() + c.reply(); got != popped(key, "item")+bulk(key)+"+PONG\r\n" {
				t.Errorf("server %d, RESP%s: %q", at, proto, got)
			}
		}
	}
}

// TestFirstComeFirstServed checks that clients get items in the order in which they have begun to wait.
func TestFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, calm).Addr
	var waiting []*conn
	for i := range 20 {
		c := dial(t, proxy)
		c.send(command("BRPOP", "q", "0"))
		awaitWaiting(t, server, i+1)
		waiting = append(waiting, c)
	}
	producer := dial(t, proxy)
	for i := range waiting {
		producer.want(":1\r\n", "RPUSH", "q", fmt.Sprint(i))
	}
	for i, c := range waiting {
		if got := c.reply(); got != popped("q", fmt.Sprint(i)) {
			t.Errorf("client %d: %q", i, got)
		}
	}
}

// TestWaitingClientGoes checks that the server forgets a client which goes while it waits. The next item is for
// others, whether the client has sent more behind it or not.
func TestWaitingClientGoes(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, calm).Addr
	producer := dial(t, proxy)
	for _, behind := range []string{"", command("GET", "x"), strings.Repeat(command("SET", "x", "y"), 1000)} {
		for _, reset := range []bool{false, true} {
			c := dial(t, proxy)
			c.send(command("BLPOP", "q", "0"))
			awaitWaiting(t, server, 1)
			_, _ = c.Write([]byte(behind))
			if reset {
				_ = c.Conn.(*net.TCPConn).SetLinger(0)
			}
			_ = c.Close()
			awaitWaiting(t, server, 0)
			producer.want(":1\r\n", "RPUSH", "q", "item")
			producer.want(bulk("item"), "LPOP", "q")
		}
	}
	producer.want("$-1\r\n", "GET", "x")
}

// TestWaitingServerDies checks that clients hear of it when the server dies at which they wait. They are served again
// when it is back.
func TestWaitingServerDies(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, unprobed...).Addr
	var waiting []*conn
	for _, proto := range protocols {
		c := dial(t, proxy)
		c.hello(proto)
		c.send(command("BLPOP", "q", "0") + command("PING"))
		waiting = append(waiting, c)
	}
	awaitWaiting(t, server, len(waiting))
	server.Kill()
	for _, c := range waiting {
		if got := c.reply(); !strings.HasPrefix(got, "-ERR "+server.Addr+": ") {
			t.Errorf("%q", got)
		}
		if got := c.reply(); got != "+PONG\r\n" {
			t.Errorf("then %q", got)
		}
		c.wantPrefix("-ERR "+server.Addr+": ", "BLPOP", "q", "0")
	}
	server.Restart()
	for _, c := range waiting {
		testkit.Until(t, "it is served", func() bool { return c.do("LLEN", "q") == ":0\r\n" })
		c.send(command("BLPOP", "q", "0"))
	}
	awaitWaiting(t, server, len(waiting))
	awaitBack(t, proxy, server.Addr, "k")
	dial(t, proxy).want(":2\r\n", "RPUSH", "q", "1", "2")
	for _, c := range waiting {
		if got := c.reply(); got != popped("q", "1") && got != popped("q", "2") {
			t.Errorf("%q", got)
		}
	}
}

// TestWaitingServerHangs checks that a client waits for as long as it has said, and for the deadline of the pool, when
// the server answers nothing.
func TestWaitingServerHangs(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	c := dial(t, startPool(t, []*testkit.Redis{server}, hangs).Addr)
	c.want("*-1\r\n", "BLPOP", "q", "10.5") // which is longer than the deadline of the pool
	server.Pause()
	got := c.do("BLPOP", "q", "0.1")
	if !strings.HasPrefix(got, "-ERR "+server.Addr+": ") {
		t.Errorf("%q", got)
	}
	server.Resume()
}

// TestWaitingTakesTurns checks that clients which wait one after the other share a connection to the server, and that
// there are no more than the pool may have. Each loop keeps its own, so there is one.
func TestWaitingTakesTurns(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startOne(t, []*testkit.Redis{server}, calm, "dedicated_connections: 2").Addr
	for range 10 {
		c := dial(t, proxy)
		for range 10 {
			c.want("*-1\r\n", "BLPOP", "q", "0.001")
		}
	}
	testkit.Eventually(t, "two connections", func() error { // it ends if nobody waits for some seconds
		dial(t, proxy).want("*-1\r\n", "BLPOP", "q", "0.001")
		if n := connections(t, server, "2"); n != 2 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	var waiting []*conn
	for i := range 2 {
		c := dial(t, proxy)
		c.send(command("BLPOP", "q", "0"))
		waiting = append(waiting, c)
		awaitWaiting(t, server, i+1)
	}
	c := dial(t, proxy)
	c.want("-ERR 'blpop' needs a connection to the server: no connection of its own is left: all 2 of the pool are "+
		"in use (dedicated_connections)\r\n", "BLPOP", "q", "0")
	c.want(":1\r\n", "RPUSH", "q", "item")
	if got := waiting[0].reply(); got != popped("q", "item") {
		t.Errorf("%q", got)
	}
	c.want("*-1\r\n", "BLPOP", "q", "0.001")
}

// TestWaitingInDatabase checks that clients wait in the pool's database, with its password.
func TestWaitingInDatabase(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t, "--requirepass", "secret")
	c := dial(t, startPool(t, []*testkit.Redis{server}, calm, "redis_auth: secret", "redis_db: 3").Addr)
	c.want("-NOAUTH Authentication required.\r\n", "BLPOP", "q", "0")
	c.want("+OK\r\n", "AUTH", "secret")
	direct := dial(t, server.Addr)
	direct.want("+OK\r\n", "AUTH", "secret")
	direct.want(":1\r\n", "RPUSH", "q", "wrong")
	direct.want("+OK\r\n", "SELECT", "3")
	direct.want(":1\r\n", "RPUSH", "q", "right")
	c.want(popped("q", "right"), "BLPOP", "q", "0")
}

// TestManyWait has a thousand clients wait, which must not hold up others, and then serves each of them.
func TestManyWait(t *testing.T) {
	const n = 1000
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, calm)
	var waiting []*conn
	for i := range n {
		c := dial(t, proxy.Addr)
		c.send(command("BLPOP", "q", "0"))
		waiting = append(waiting, c)
		if (i+1)%100 == 0 {
			awaitWaiting(t, server, i+1) // only 511 are kept that Redis has not accepted yet
		}
	}
	c := dial(t, proxy.Addr)
	before := proxy.CPU()
	for range 1000 {
		c.want("+OK\r\n", "SET", "k", "v")
	}
	t.Logf("1000 requests of another client take %v of processor time", proxy.CPU()-before)
	c.wantPrefix("-ERR 'blpop' needs a connection ", "BLPOP", "q", "0")
	for i := range n {
		c.send(command("RPUSH", "q", fmt.Sprint(i)))
	}
	items := map[string]bool{}
	for range n {
		c.reply()
	}
	for _, w := range waiting {
		items[w.reply()] = true
	}
	if len(items) != n {
		t.Errorf("%d different items", len(items))
	}
}

// TestWaitingWhileReloaded replaces the pool twenty times under clients that take items, one of which waits all the
// time. It hears so. No item is lost.
func TestWaitingWhileReloaded(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	listen := testkit.DeadAddr(t)
	path := testkit.TempFile(t, "pools.yml", pool(listen, servers, calm))
	proxy := startFile(t, path)
	keys := keysOf(t, listen, servers, 1)
	items, nothing := keys[0][0], keys[1][0]
	stuck := dial(t, listen)
	stuck.want(":2\r\n", "DEL", items, nothing)
	var taken sync.WaitGroup
	counts := make([]int, 3)
	for i := range counts {
		c, err := open(listen)
		if err != nil {
			t.Fatal(err)
		}
		taken.Add(1)
		go take(c, items, &counts[i], &taken)
	}
	producer := dial(t, listen)
	const each = 50
	for n := range 20 {
		stuck.send(command("BLPOP", nothing, "0"))
		awaitWaiting(t, servers[1], 1)
		text := pool(listen, servers, calm, fmt.Sprintf("dedicated_connections: %d", 100+n))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		proxy.Signal(syscall.SIGUSR1)
		for range each {
			producer.wantPrefix(":", "RPUSH", items, "x")
		}
		testkit.Until(t, "reloaded", func() bool { return strings.Count(proxy.Log(), "configuration reloaded") > n })
		if got := stuck.reply(); got != unblocked {
			t.Fatalf("it hears %q", got)
		}
	}
	for range counts {
		producer.wantPrefix(":", "RPUSH", items, "end")
	}
	taken.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum != 20*each {
		t.Errorf("%d items of %d were taken", sum, 20*each)
	}
}

// take takes items until the last one, and counts them.
func take(c *conn, items string, n *int, done *sync.WaitGroup) {
	defer done.Done()
	defer c.Close()
	for {
		switch reply, err := c.try("BLPOP", items, "0"); {
		case err != nil || reply == popped(items, "end"):
			return
		case reply == popped(items, "x"):
			*n++
		}
	}
}

// TestWaitingAtTheEnd checks that clients which wait hear it when the proxy ends.
func TestWaitingAtTheEnd(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startDraining(t, []*testkit.Redis{server}, calm)
	c, pipelined := dial(t, proxy.Addr), dial(t, proxy.Addr)
	c.send(command("BLPOP", "q", "0"))
	pipelined.send(command("BLPOP", "q", "0") + command("BLPOP", "q", "0") + command("PING"))
	awaitWaiting(t, server, 2)
	proxy.Terminate()
	if got := c.rest(); got != unblocked {
		t.Errorf("%q", got)
	}
	if got := pipelined.rest(); got != unblocked+unblocked+"+PONG\r\n" {
		t.Errorf("pipelined: %q", got)
	}
	awaitWaiting(t, server, 0)
}
