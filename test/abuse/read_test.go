package abuse

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// readNothing asks for 180 MB and does not read for a while. Others must be served in the meantime, and memory must
// stay bounded. When the client reads at last, all replies must be there.
func readNothing(t *testing.T, v *victim, request, want string) {
	greedy := harness.Dial(t, v.Addr)
	greedy.Send(request)
	other := harness.Dial(t, v.Addr)
	began := time.Now()
	for i := range 300 {
		other.Want(harness.Set("other", fmt.Sprint(i)), "STORED\r\n")
		other.Want("get other\r\n", harness.Hit("other", fmt.Sprint(i)))
		if i%10 == 0 {
			other.Want("get big\r\n", bigHit)
		}
		v.small(t)
	}
	if took := time.Since(began); took > testkit.Patience/2 {
		t.Errorf("600 requests of another client took %v", took)
	}
	if err := readExactly(greedy, want); err != nil {
		t.Error(err)
	}
}

// readExactly compares what arrives with what is expected, piece by piece. It waits for each piece, not for all.
func readExactly(c *harness.Client, want string) error {
	buf := make([]byte, 256<<10)
	for done := 0; done < len(want); {
		if err := c.Conn.SetReadDeadline(time.Now().Add(testkit.Patience)); err != nil {
			return err
		}
		n, err := io.ReadFull(c.Conn, buf[:min(len(buf), len(want)-done)])
		if string(buf[:n]) != want[done:done+n] {
			return fmt.Errorf("wrong bytes between %d and %d", done, done+n)
		}
		done += n
		if err != nil {
			return fmt.Errorf("after %d bytes of %d: %w", done, len(want), err)
		}
	}
	return nil
}

// halfClosed checks that a client which has closed its side gets all its replies, however large.
func halfClosed(t *testing.T, v *victim) {
	c := harness.Dial(t, v.Addr)
	c.Send(strings.Repeat("get big\r\n", 30) + "version\r\nget big\r\n")
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := readExactly(c, strings.Repeat(bigHit, 30)+"VERSION "); err != nil {
		t.Fatal(err)
	}
	if rest := c.AwaitEOF(); !strings.HasSuffix(rest, "\r\n"+bigHit) {
		t.Errorf("the last of the replies: %d bytes", len(rest))
	}
}
