package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestAtomic has two clients that increment two counters in transactions, and others that read both in one command.
// They must always be equal, although all clients of a loop share one connection to the server.
func TestAtomic(t *testing.T) {
	proxy := startPool(t, startServers(t, 2), calm).Addr
	dial(t, proxy).want("+OK\r\n", "MSET", "{t}a", "0", "{t}b", "0")
	const rounds = 500
	increment := command("MULTI") + command("INCR", "{t}a") + command("INCR", "{t}b") + command("EXEC")
	err := harness.Together(6, func(i int) error {
		c, err := open(proxy)
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		for range rounds {
			if i < 2 {
				err = transact(c, increment)
			} else {
				err = readPair(c, i)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dial(t, proxy).want("*2\r\n"+bulk(fmt.Sprint(2*rounds))+bulk(fmt.Sprint(2*rounds)), "MGET", "{t}a", "{t}b")
}

// hear fails the test if the client gets anything but this. It is for replies that are too many for next.
func (c *conn) hear(replies string) {
	c.t.Helper()
	got := make([]byte, len(replies))
	var err error
	for n, read := 0, 0; err == nil && n < len(got); n += read {
		if err = c.SetReadDeadline(time.Now().Add(c.wait)); err == nil { // megabytes may take longer
			read, err = c.r.Read(got[n:])
		}
	}
	if i := differ(got, replies); err != nil || i < len(got) {
		c.t.Fatalf("%v, at %d of %d bytes: %.200q, want %.200q", err, i, len(got), got[i:], replies[i:])
	}
}

// differ returns where two texts of equal length begin to differ.
func differ(a []byte, b string) (i int) {
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i
}

// transact sends a transaction of two commands, and checks the reply to EXEC.
func transact(c *conn, request string) error {
	if err := c.trySend(request); err != nil {
		return err
	}
	for range 3 {
		if _, err := c.tryReply(); err != nil {
			return err
		}
	}
	reply, err := c.tryReply()
	if pair := words(reply); err == nil && (len(pair) != 2 || pair[0] != pair[1]) {
		err = fmt.Errorf("EXEC: %q", reply)
	}
	return err
}

// readPair reads both counters, in a command or in a transaction.
func readPair(c *conn, i int) error {
	if i%2 == 0 {
		return transact(c, command("MULTI")+command("GET", "{t}a")+command("GET", "{t}b")+command("EXEC"))
	}
	reply, err := c.try("MGET", "{t}a", "{t}b")
	if pair := words(reply); err == nil && (len(pair) != 2 || pair[0] != pair[1]) {
		err = fmt.Errorf("MGET: %q", reply)
	}
	return err
}

// TestLargeTransaction checks that a transaction takes no more of the queue to its server than others do: while the
// server stands still nobody hears that it is full.
func TestLargeTransaction(t *testing.T) {
	t.Parallel()
	const commands, others = 70_000, 20 // more commands than requests may be in flight
	servers := startServers(t, 1)
	proxy := startOne(t, servers, calm).Addr
	c := dial(t, proxy)
	c.want("+OK\r\n", "SET", "x", "value")
	servers[0].Pause()
	go c.trySend(command("MULTI") + strings.Repeat(command("INCR", "n"), commands) + command("EXEC"))
	c.hear("+OK\r\n" + strings.Repeat("+QUEUED\r\n", commands))
	var clients []*conn
	for range others {
		other := dial(t, proxy)
		other.send(command("GET", "x"))
		clients = append(clients, other)
	}
	dial(t, proxy).want("+PONG\r\n", "PING") // it has come to those by then
	servers[0].Resume()
	for _, other := range clients {
		other.next(bulk("value"))
	}
	reply := c.reply()
	if !strings.HasPrefix(reply, "*70000\r\n:1\r\n:2\r\n") || !strings.HasSuffix(reply, "\r\n:70000\r\n") {
		t.Errorf("EXEC: %.80q", reply)
	}
	c.want(bulk("70000"), "GET", "n")
}

// TestTransactionIsBounded checks that a transaction has a million commands at most, and that nothing is done if one
// has more. The race detector takes minutes for a million of them, so only one of the two is checked with -short.
func TestTransactionIsBounded(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	proxy := startPool(t, startServers(t, 1), calm).Addr
	rounds := []int{1, 0}
	if testing.Short() {
		rounds = rounds[:1]
	}
	for _, more := range rounds {
		c := dial(t, proxy)
		go c.trySend("MULTI\r\nINCR n\r\n" + strings.Repeat("PING\r\n", most-1+more) + "EXEC\r\n")
		c.hear("+OK\r\n" + strings.Repeat("+QUEUED\r\n", most))
		if more > 0 {
			c.hear("-ERR the transaction is too large: 1048576 commands are the limit\r\n" +
				"-EXECABORT Transaction discarded because of previous errors.\r\n")
		} else {
			c.hear("*1048576\r\n:1\r\n" + strings.Repeat("+PONG\r\n", most-1))
		}
		c.want([]string{bulk("1"), "$-1\r\n"}[more], "GET", "n")
	}
}

// TestExecIsBrief checks that EXEC of a large transaction takes little time of the processor in one go: what has to be
// found out about its commands is found out as they come.
func TestExecIsBrief(t *testing.T) {
	const commands = 300_000
	servers := startServers(t, 2)
	proxy := startOne(t, servers, calm)
	key := keysOf(t, proxy.Addr, servers, 1)[0][0]
	c, other := dial(t, proxy.Addr), dial(t, proxy.Addr)
	before := proxy.CPU()
	go c.trySend(command("MULTI") + strings.Repeat(command("GET", key), commands))
	c.hear("+OK\r\n" + strings.Repeat("+QUEUED\r\n", commands))
	collecting := proxy.CPU() - before
	servers[0].Pause()
	before = proxy.CPU()
	c.send(command("EXEC"))
	for range 2 { // the second is read in another turn than EXEC
		other.want("+PONG\r\n", "PING")
	}
	if exec := proxy.CPU() - before; exec > collecting/5 {
		t.Errorf("EXEC takes %v, collecting took %v", exec, collecting)
	} else {
		t.Logf("EXEC takes %v, collecting took %v", exec, collecting)
	}
	servers[0].Resume()
	c.hear(fmt.Sprintf("*%d\r\n", commands) + strings.Repeat(bulk("old"), commands))
}

// TestTransactionMoves checks that a transaction is carried out where its keys are at EXEC, although they were
// elsewhere when it was collected.
func TestTransactionMoves(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startOne(t, servers, calm, "auto_eject_hosts: true", "server_failure_limit: 1",
		"server_retry_timeout: 100").Addr
	keys := keysOf(t, proxy, servers, 1)
	goes, stays := keys[0][0], keys[1][0]
	c, other := dial(t, proxy), dial(t, proxy)
	c.want("+OK\r\n", "MULTI")
	c.want("+QUEUED\r\n", "SET", goes, "new")
	servers[0].Kill()
	testkit.Until(t, "it is ejected", func() bool { return other.do("GET", goes) == "$-1\r\n" })
	c.want("+QUEUED\r\n", "GET", stays)
	c.want("*2\r\n+OK\r\n"+bulk("old"), "EXEC")
	dial(t, servers[1].Addr).want(bulk("new"), "GET", goes)

	c.want("+OK\r\n", "MULTI")
	c.want("+QUEUED\r\n", "SET", goes, "newer")
	c.want("+QUEUED\r\n", "SET", stays, "newer")
	servers[0].Restart()
	testkit.Until(t, "it is back", func() bool { return other.do("GET", goes) == "$-1\r\n" })
	c.wantPrefix("*2\r\n-CROSSSLOT ", "EXEC")
	dial(t, servers[1].Addr).want(bulk("old"), "GET", stays)
}

// TestTransactionOfTwoServers checks that such a transaction is refused as a whole, and that nothing of it is carried
// out.
func TestTransactionOfTwoServers(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3)
	proxy := startPool(t, servers, calm).Addr
	keys := keysOf(t, proxy, servers, 1)
	c := dial(t, proxy)
	c.want("+OK\r\n", "MULTI")
	for _, of := range keys {
		c.want("+QUEUED\r\n", "SET", of[0], "x")
	}
	const cross = "-CROSSSLOT Keys in transaction don't hash to the same server: nothing was done; " +
		"give them a common hash tag\r\n"
	c.want("*3\r\n"+strings.Repeat(cross, 3), "EXEC") // as many errors as commands are QUEUED
	for _, of := range keys {
		c.want(bulk("old"), "GET", of[0])
	}
	c.want("+OK\r\n", "MULTI")
	c.want("+QUEUED\r\n", "MSET", keys[0][0], "x", keys[1][0], "x")
	c.wantPrefix("*1\r\n-CROSSSLOT ", "EXEC")
	for _, args := range [][]string{
		{"FLUSHALL"},
		{"KEYS", "*"},
		{"SUBSCRIBE", "x"},
		{"DBSIZE"},
	} {
		c.want("+OK\r\n", "MULTI")
		c.wantPrefix("-ERR ", args...)
		c.want("-EXECABORT Transaction discarded because of previous errors.\r\n", "EXEC")
	}
	c.want(":3\r\n", "DBSIZE")
}

// TestUnfinishedTransaction checks that nothing happens if a client disconnects within a transaction, and that others
// are not affected.
func TestUnfinishedTransaction(t *testing.T) {
	proxy := startPool(t, startServers(t, 1), calm).Addr
	gone, other := dial(t, proxy), dial(t, proxy)
	gone.want("+OK\r\n", "MULTI")
	gone.want("+QUEUED\r\n", "SET", "k", "x")
	other.want("+OK\r\n", "SET", "k", "mine")
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	other.want(bulk("mine"), "GET", "k")
}

// TestRefused checks that commands which need a connection of their own are refused with advice, and that the client's
// connection stays open.
func TestRefused(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm).Addr
	keys := keysOf(t, proxy, servers, 1)
	one, other := keys[0][0], keys[1][0]
	c := dial(t, proxy)
	for _, tt := range []struct {
		args []string
		why  string
	}{
		{[]string{"BLPOP", one, other, "0"}, "hash tag"},
		{[]string{"XREAD", "BLOCK", "0", "STREAMS", one, other, "0", "0"}, "hash tag"},
		{[]string{"WATCH", one, other}, "hash tag"},
		{[]string{"CONFIG", "GET", "save"}, "connect to that server directly"},
		{[]string{"CLUSTER", "INFO"}, "connect to the server directly"},
		{[]string{"SHUTDOWN"}, "connect to that server directly"},
		{[]string{"COPY", one, one, "DB", "1"}, "a pool has one database"},
		{[]string{"SORT", "l", "BY", "w*"}, "may be on other servers"},
		{[]string{"RENAME", one, other}, "hash tag"},
		{[]string{"MSETNX", one, "1", other, "2"}, "hash tag"},
		{[]string{"SCRIPT", "KILL"}, "connect to that server directly"},
		{[]string{"CLIENT", "KILL", "TYPE", "normal"}, "not supported here"},
		{[]string{"HELLO", "4"}, "NOPROTO"},
		{[]string{"SELECT", "1"}, "redis_db"},
	} {
		got := c.do(tt.args...)
		if got[0] != '-' || !strings.Contains(got, tt.why) {
			t.Errorf("%q: %q has nothing of %q", tt.args, got, tt.why)
		}
	}
	c.want("+PONG\r\n", "PING")
}
