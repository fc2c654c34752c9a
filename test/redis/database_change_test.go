package redis

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// TestReloadDatabases changes a pool while clients are in other databases: they go on there, also if the pool's own
// one is another now. Without databases they hear that nothing is carried out.
func TestReloadDatabases(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	listen := testkit.DeadAddr(t)
	path := testkit.TempFile(t, "pools.yml", pool(listen, servers, calm, databases))
	proxy := startFile(t, path)
	one, zero, none := dial(t, listen), dial(t, listen), dial(t, listen)
	one.want("+OK\r\n", "SELECT", "1")
	one.want("+OK\r\n", "SET", "k", "one")
	zero.want("+OK\r\n", "SELECT", "0")
	zero.want("+OK\r\n", "SET", "k", "zero")
	none.want(bulk("zero"), "GET", "k")
	n := 0
	reload := func(options ...string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(pool(listen, servers, options...)), 0o600); err != nil {
			t.Fatal(err)
		}
		proxy.Signal(syscall.SIGUSR1)
		n++
		testkit.Until(t, "reloaded", func() bool { return strings.Count(proxy.Log(), "configuration reloaded") == n })
	}
	reload(calm, databases, "redis_db: 1")
	one.want(bulk("one"), "GET", "k")
	zero.want(bulk("zero"), "GET", "k")
	none.want(bulk("one"), "GET", "k")
	reload(calm, "redis_db: 1")
	one.want(bulk("one"), "GET", "k")
	none.want(bulk("one"), "GET", "k")
	for _, command := range [][]string{{"GET", "k"}, {"WATCH", "k"}, {"MULTI"}} {
		zero.wantPrefix("-ERR nothing is carried out on this connection until SELECT succeeds", command...)
	}
	zero.wantPrefix("-ERR DB index is out of range: this pool is database 1 of its servers (redis_db)", "SELECT", "0")
	zero.want("+OK\r\n", "SELECT", "1")
	zero.want(bulk("one"), "GET", "k")
}

// TestUpgradeDatabases checks that a new process serves clients in other databases, and that those who wait there are
// told to go on.
func TestUpgradeDatabases(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	listen := testkit.DeadAddr(t)
	pid := filepath.Join(t.TempDir(), "pid")
	proxy := startFile(t, testkit.TempFile(t, "pools.yml", pool(listen, servers, calm, databases)), "--pid-file", pid,
		"--drain-timeout", "1m")
	t.Cleanup(func() { killOther(pid, proxy.PID) })
	c, waiter := dial(t, listen), dial(t, listen)
	c.want("+OK\r\n", "SELECT", "4")
	c.want("+OK\r\n", "SET", "k", "four")
	waiter.want("+OK\r\n", "SELECT", "4")
	waiter.send(command("BLPOP", "q", "0"))
	awaitWaiting(t, servers[0], 1)
	proxy.Signal(syscall.SIGUSR2)
	if got := waiter.reply(); got != unblocked {
		t.Errorf("%q", got)
	}
	if code := proxy.ExitCode(); code != 0 {
		t.Errorf("the old process ended with %d", code)
	}
	c = dial(t, listen)
	c.send(command("SELECT", "4") + command("GET", "k") + command("SELECT", "0") + command("GET", "k"))
	for _, want := range []string{"+OK\r\n", bulk("four"), "+OK\r\n", "$-1\r\n"} {
		if got := c.reply(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// killOther kills the process of a pid file, unless it is the one that the test has started.
func killOther(file string, started int) {
	text, _ := os.ReadFile(file)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && pid != started {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// TestDatabasesWhenServerIsBack restarts the only server. Clients in other databases are served again, and in theirs.
func TestDatabasesWhenServerIsBack(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, append(slices.Clip(unprobed), databases)...).Addr
	keys := keysOf(t, proxy, servers, 1)
	c := dial(t, proxy)
	c.want("+OK\r\n", "SELECT", "5")
	c.want("+OK\r\n", "SET", keys[0][0], "v")
	servers[0].Kill()
	for range 20 {
		c.wantPrefix("-ERR "+servers[0].Addr, "GET", keys[0][0])
		c.want("+OK\r\n", "SET", keys[1][0], "v")
	}
	for db := range 16 { // whichever server is asked, one answers
		other := dial(t, proxy)
		other.want("+OK\r\n", "SELECT", fmt.Sprint(db))
		_ = other.Close()
	}
	servers[0].Restart()
	testkit.Eventually(t, "it is back", func() error {
		if got := c.do("SET", keys[0][0], "new"); got != "+OK\r\n" {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
	direct := dial(t, servers[0].Addr)
	direct.want(":0\r\n", "EXISTS", keys[0][0])
	direct.want("+OK\r\n", "SELECT", "5")
	direct.want(bulk("new"), "GET", keys[0][0])
}
