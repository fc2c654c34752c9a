package abuse

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestClientLimit checks that with -n 10 the eleventh client is refused, and that there is room again when another one
// has left.
func TestClientLimit(t *testing.T) {
	v := startVictim(t, "-n", "10")
	var served []*harness.Client
	for len(served) < 10 {
		served = append(served, admitted(t, v))
	}
	for range 5 {
		c := harness.Dial(t, v.Addr)
		if got := c.AwaitEOF(); got != "ERROR Too many open connections\r\n" {
			t.Errorf("the eleventh client reads %q", got)
		}
	}
	for _, c := range served {
		c.Want("mn\r\n", "MN\r\n")
	}
	served[3].Close()
	served[3] = admitted(t, v)
	for _, c := range served {
		c.Want("get none\r\n", "END\r\n")
	}
}

// admitted returns a client that is served. It waits until the proxy has seen that another one has left.
func admitted(t *testing.T, v *victim) *harness.Client {
	t.Helper()
	var admitted *harness.Client
	testkit.Eventually(t, "a client is served", func() error {
		c := harness.Dial(t, v.Addr)
		reply, err := knock(c)
		if err == nil && reply == "MN\r\n" {
			admitted = c
			return nil
		}
		c.Close()
		return fmt.Errorf("reply %q, %w", reply, errors.Join(err, io.ErrUnexpectedEOF))
	})
	return admitted
}

// knock sends a request and returns the reply, even if the proxy replies and closes the connection before the request.
func knock(c *harness.Client) (string, error) {
	_ = c.TrySend("mn\r\n")
	return c.TryReply()
}

// TestDescriptorLimit has 100 clients and 64 descriptors. Every client must get an answer, and the proxy must neither
// spin nor flood its log.
func TestDescriptorLimit(t *testing.T) {
	v := startVictim(t)
	limit := unix.Rlimit{Cur: 64, Max: 64}
	if err := unix.Prlimit(v.PID, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		t.Fatalf("prlimit: %v", err)
	}
	var served []*harness.Client
	refused := 0
	for range 100 {
		c := harness.Dial(t, v.Addr)
		reply, err := knock(c)
		switch {
		case err == nil && reply == "MN\r\n":
			served = append(served, c)
		case harness.IsError(reply):
			refused++
		default:
			t.Fatalf("client %d: reply %q, %v", len(served)+refused, reply, err)
		}
	}
	t.Logf("%d clients served, %d refused", len(served), refused)
	if len(served) < 20 || refused < 36 {
		t.Errorf("%d clients served, %d refused", len(served), refused)
	}

	cpu, lines := v.CPU(), v.LogLines()
	requests, began := 0, time.Now()
	for time.Since(began) < time.Second { // others knock all the time
		c := harness.Dial(t, v.Addr)
		served[requests%len(served)].Want("get none\r\n", "END\r\n")
		c.Close()
		requests++
		time.Sleep(10 * time.Millisecond) // the pace of those who knock
	}
	span := time.Since(began)
	if used := v.CPU() - cpu; used > span/2 {
		t.Errorf("%v of CPU in %v with %d requests: it spins", used, span, requests)
	}
	if flood := v.LogLines() - lines; flood > 20 || v.LogLines() > 100 {
		t.Errorf("%d log lines in %v, %d in all", flood, span, v.LogLines())
	}
	for _, c := range served {
		c.Close()
	}
	admitted(t, v).Want("get big\r\n", bigHit)
}

// TestIdleClients has ten thousand clients that have sent one request and stay connected. Each may cost 1 KiB of
// memory.
func TestIdleClients(t *testing.T) {
	t.Parallel()
	const idle = 10_000
	var own unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &own); err != nil {
		t.Fatal(err)
	}
	if own.Cur < idle+1000 { // Go has raised it as far as it goes
		t.Fatalf("this test needs %d descriptors, the hard limit is %d: raise it (ulimit -Hn)", idle+1000, own.Max)
	}
	v := startVictim(t, "-n", fmt.Sprint(idle+100))
	warm := idleClients(t, v, 100)
	before := v.RSS()
	clients := idleClients(t, v, idle-len(warm))
	testkit.Eventually(t, "idle clients are cheap", func() error {
		if each := (v.RSS() - before) / int64(len(clients)); each > 1024 {
			return fmt.Errorf("%d bytes each", each)
		}
		return nil
	})
	t.Logf("%d bytes for each idle client", (v.RSS()-before)/int64(len(clients)))
	v.serves(t)
	for _, c := range append(warm, clients...) {
		ask(t, c)
		_ = c.Close()
	}
}

// idleClients are plain connections, because buffers for ten thousand clients would be too much for the test.
func idleClients(t *testing.T, v *victim, n int) []net.Conn {
	t.Helper()
	var clients []net.Conn
	for range n {
		c, err := net.Dial("tcp", v.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		ask(t, c)
		clients = append(clients, c)
	}
	return clients
}

func ask(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "get served\r\n"); err != nil {
		t.Fatal(err)
	}
	var reply strings.Builder
	buf := make([]byte, 100)
	for !strings.HasSuffix(reply.String(), "END\r\n") {
		n, err := c.Read(buf)
		reply.Write(buf[:n])
		if err != nil {
			t.Fatalf("after %q: %v", reply.String(), err)
		}
	}
}
