package redis

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// withReplicas starts masters with one replica each, and waits until they are connected.
func withReplicas(t *testing.T, n int) (masters, replicas []*testkit.Redis) {
	t.Helper()
	masters = startServers(t, n, "--repl-diskless-sync-delay", "0")
	for _, m := range masters {
		replicas = append(replicas, replicaOf(t, m))
	}
	return masters, replicas
}

func replicaOf(t *testing.T, master *testkit.Redis) *testkit.Redis {
	t.Helper()
	host, port := hostPort(t, master.Addr)
	r := testkit.StartRedis(t, "--replicaof", host+" "+port)
	r.Await("INFO replication", "master_link_status:up\r\n")
	return r
}

// TestWait checks that WAIT tells how many replicas of each server have what was written, and waits for them.
func TestWait(t *testing.T) {
	t.Parallel()
	masters, replicas := withReplicas(t, 2)
	proxy := startPool(t, masters, calm).Addr
	keys := keysOf(t, proxy, masters, 1)
	for _, proto := range protocols {
		c := dial(t, proxy)
		c.hello(proto)
		c.want("+OK\r\n", "SET", keys[0][0], "x")
		c.want(":1\r\n", "WAIT", "1", "0")
		replicas[0].Pause()
		c.send(command("SET", keys[0][0], "y") + command("WAIT", "1", "300") + command("GET", keys[0][0]))
		if got := c.reply() + c.reply() + c.reply(); got != "+OK\r\n:0\r\n"+bulk("y") {
			t.Errorf("the replica hangs: %q", got)
		}
		c.send(command("WAIT", "1", "0") + command("PING"))
		masters[0].Await("INFO clients", "blocked_clients:1\r\n")
		other := dial(t, proxy)
		other.want(bulk("y"), "GET", keys[0][0]) // others do not wait
		replicas[0].Resume()
		c.next(":1\r\n", "+PONG\r\n")
		testkit.Until(t, "the one there is has been asked, and has answered in time", func() bool {
			return c.do("WAIT", "2", "3000") == ":1\r\n"
		})
		c.want("-ERR value is not an integer or out of range\r\n", "WAIT", "x", "50")
		c.want("-ERR timeout is negative\r\n", "WAIT", "1", "-1")
		c.want("+OK\r\n", "MULTI")
		c.wantPrefix("-ERR 'wait' cannot be part of a transaction here", "WAIT", "1", "0")
		c.wantPrefix("-EXECABORT", "EXEC")
		c.wantPrefix("-ERR unknown command 'WAITAOF'", "WAITAOF", "0", "1", "50") // as this server says
	}
}

// TestWaitEnds checks that a client which waits for replicas is let go when it disconnects, when a server dies, and
// when a reload changes the pool.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	masters := startServers(t, 2)
	listen := testkit.DeadAddr(t)
	path := testkit.TempFile(t, "pools.yml", pool(listen, masters, "timeout: 20000"))
	proxy := startFile(t, path)
	c := dial(t, listen)
	c.send(command("WAIT", "1", "0"))
	for _, m := range masters {
		awaitWaiting(t, m, 1)
	}
	_ = c.Close()
	for _, m := range masters {
		awaitWaiting(t, m, 0)
	}
	c = dial(t, listen)
	c.send(command("WAIT", "1", "0"))
	for _, m := range masters {
		awaitWaiting(t, m, 1)
	}
	if err := os.WriteFile(path, []byte(pool(listen, masters, "timeout: 20001")), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy.Signal(syscall.SIGUSR1)
	c.next(unblocked)
	c.want(":0\r\n", "WAIT", "1", "10")
	c.send(command("WAIT", "1", "0"))
	awaitWaiting(t, masters[0], 1)
	awaitWaiting(t, masters[1], 1)
	masters[0].Kill()
	c.send(command("PING"))
	dial(t, masters[1].Addr).wantPrefix(":", "CLIENT", "KILL", "TYPE", "normal")
	if got := c.reply(); !strings.HasPrefix(got, "-ERR ") {
		t.Errorf("%q", got)
	}
	c.next("+PONG\r\n")
	c.wantPrefix(fmt.Sprintf("-ERR %s: ", masters[0].Addr), "WAIT", "0", "10")
}
