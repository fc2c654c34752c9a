package redis

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// TestServerRefusesToQueue checks the case that a server refuses a command of which the client was told that it is
// queued. The reply to EXEC has the reason, also the second time.
func TestServerRefusesToQueue(t *testing.T) {
	t.Parallel()
	c := dial(t, startPool(t, []*testkit.Redis{testkit.StartRedis(t, "--maxmemory", "1")}, calm).Addr)
	for range 2 {
		c.want("+OK\r\n", "MULTI")
		c.want("+QUEUED\r\n", "SET", "k", "v")
		c.want(
			"*1\r\n-EXECABORT Transaction discarded because of previous errors. (OOM command not allowed when used "+
				"memory > 'maxmemory'.)\r\n", "EXEC")
		c.want("$-1\r\n", "GET", "k")
		c.want("+OK\r\n", "MULTI")
		c.want("*0\r\n", "EXEC")
	}
}

// TestServerRefusesMulti checks that a transaction is not carried out command by command by a server that refuses
// MULTI, also not the first one that waits for the connection. Everything else is served, and transactions again when
// the server takes them on a new connection.
func TestServerRefusesMulti(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	admin := dial(t, server.Addr)
	admin.want("+OK\r\n", "ACL", "SETUSER", "default", "-multi")
	proxy := startFile(t, testkit.TempFile(t, "pools.yml",
		pool(testkit.DeadAddr(t), []*testkit.Redis{server}, calm))).Addr
	c := dial(t, proxy)
	for range 3 {
		c.want("+OK\r\n", "MULTI")
		c.want("+QUEUED\r\n", "SET", "k", "v")
		c.want("+QUEUED\r\n", "SET", "l", "v")
		got := c.do("EXEC")
		if !strings.HasPrefix(got, "*2\r\n-ERR "+server.Addr) || !strings.Contains(got, "NOPERM") {
			t.Errorf("%q", got)
		}
		testkit.Eventually(t, "it is served, and nothing was done", func() error {
			if got := c.do("EXISTS", "k", "l"); got != ":0\r\n" {
				return fmt.Errorf("%q", got)
			}
			return nil
		})
	}
	c.want("+OK\r\n", "SET", "other", "x")
	admin.want("+OK\r\n", "ACL", "SETUSER", "default", "+multi")
	admin.wantPrefix(":", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	testkit.Eventually(t, "transactions are taken", func() error {
		c.want("+OK\r\n", "MULTI")
		c.want("+QUEUED\r\n", "GET", "other")
		if got := c.do("EXEC"); got != "*1\r\n"+bulk("x") {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}
