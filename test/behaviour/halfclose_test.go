package behaviour

import (
	"net"
	"strings"
	"testing"

	"magent/test/harness"
)

// TestHalfClose: a client that shuts down its side gets all replies, and then the end.
func TestHalfClose(t *testing.T) {
	for _, to := range startTargets(t).all() {
		t.Run(to.name, func(t *testing.T) {
			c := harness.Dial(t, to.addr)
			c.Want(harness.Set("a", value(5000)), "STORED\r\n")
			const gets = 500
			c.Send(strings.Repeat("get a\r\n", gets) + "get never-finished")
			if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, want := c.AwaitEOF(), strings.Repeat(harness.Hit("a", value(5000)), gets); got != want {
				t.Errorf("%d bytes of %d, ending in %q", len(got), len(want), last(got, 100))
			}
		})
	}
}

// TestHalfCloseAfterMutations: what was sent before the end of file is executed.
func TestHalfCloseAfterMutations(t *testing.T) {
	for _, to := range startTargets(t).all() {
		t.Run(to.name, func(t *testing.T) {
			c := harness.Dial(t, to.addr)
			c.Send("set n 0 0 1 noreply\r\n0\r\n" + strings.Repeat("incr n 1 noreply\r\n", 1000) +
				"set unfinished 0 0 100\r\nhalf of it")
			if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got := c.AwaitEOF(); got != "" {
				t.Errorf("reply %q", got)
			}
			harness.Dial(t, to.addr).Want("get n unfinished\r\n", "VALUE n 0 4\r\n1000\r\nEND\r\n")
		})
	}
}
