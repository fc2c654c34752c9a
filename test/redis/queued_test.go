package redis

import (
	"testing"

	"magent/internal/testkit"
)

// TestServerRefusesToQueue checks the case that a server refuses a command of which the client was told that it is
// queued. The reply to EXEC has the reason, also the second time.
func TestServerRefusesToQueue(t *testing.T) {
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
