package abuse

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"magent/test/harness"
)

// statsAndClose closes the connection before the reply is written.
func statsAndClose(t *testing.T, v *victim) {
	for i := range 200 {
		c := harness.Dial(t, v.Addr)
		c.Send(strings.Repeat("stats\r\n", 1+i%5))
		c.Close()
	}
}

// resetInReply resets the connection after reading a little of a large reply.
func resetInReply(t *testing.T, v *victim) {
	for i := range 40 {
		c := harness.Dial(t, v.Addr)
		c.Send(strings.Repeat("get big\r\n", 1+i%4))
		if _, err := io.CopyN(io.Discard, c.Conn, 10_000); err != nil {
			t.Fatal(err)
		}
		reset(t, c)
	}
}

// connectAndGo disconnects with a request in flight, with half a request, or with none, by FIN or by RST.
func connectAndGo(t *testing.T, v *victim) {
	requests := []string{
		"", "get big\r\n", "set half 0 0 100\r\nabc", "get", "set gone 0 0 1\r\n1\r\n", "\r\n",
		"quit\r\nget big\r\n",
	}
	for i := range 500 {
		c := harness.Dial(t, v.Addr)
		c.Send(requests[i%len(requests)])
		if i%2 == 0 {
			c.Close()
		} else {
			reset(t, c)
		}
	}
}

func reset(t *testing.T, c *harness.Client) {
	t.Helper()
	if err := c.Conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// noreplyFlood sends noreply commands without reading. All of them must be carried out in order. One client
// disconnects in the middle.
func noreplyFlood(t *testing.T, v *victim) {
	const rounds = 20_000
	err := harness.Together(4, func(i int) error {
		c, err := harness.Open(v.Addr)
		if err != nil {
			return err
		}
		defer c.Close()
		var flood strings.Builder
		for n := range rounds {
			fmt.Fprintf(&flood, "set flood%d 0 0 5 noreply\r\n%05d\r\n", i, n)
		}
		if i == 0 {
			return c.TrySend(flood.String()[:flood.Len()/2])
		}
		reply, err := c.Try(flood.String() + fmt.Sprintf("get flood%d\r\n", i))
		if want := harness.Hit(fmt.Sprint("flood", i), fmt.Sprintf("%05d", rounds-1)); err == nil && reply != want {
			err = fmt.Errorf("got %q, want %q", reply, want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
