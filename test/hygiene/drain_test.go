package hygiene

import (
	"errors"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestDrain checks the shutdown by SIGTERM: requests in flight are answered, idle connections are closed, no new ones
// are accepted, and the exit code is 0.
func TestDrain(t *testing.T) {
	server := harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", server.Addr, "--drain-timeout", testkit.Patience.String())
	idle, busy, half := harness.Dial(t, proxy.Addr), harness.Dial(t, proxy.Addr), harness.Dial(t, proxy.Addr)
	value := strings.Repeat("v", 500_000)
	idle.Want(harness.Set("a", value), "STORED\r\n")
	busy.Want("mn\r\n", "MN\r\n")
	half.Want("mn\r\n", "MN\r\n")
	server.Pause()
	busy.Send("get a\r\nget a\r\nget a\r\n")
	half.Send("set never 0 0 10\r\n1234")
	idle.Want("mn\r\n", "MN\r\n") // the proxy has read what was sent before

	proxy.Terminate()
	if rest := idle.AwaitEOF(); rest != "" {
		t.Errorf("the idle client reads %q", rest)
	}
	testkit.Eventually(t, "no new clients", func() error {
		c, err := harness.Open(proxy.Addr)
		if err != nil {
			return nil
		}
		defer c.Close()
		if _, err := c.Try("mn\r\n"); err != nil {
			return nil
		}
		return errors.New("a new client is served")
	})
	server.Resume()
	if got, want := busy.AwaitEOF(), strings.Repeat(harness.Hit("a", value), 3); got != want {
		t.Errorf("%d bytes for the requests in flight, want %d", len(got), len(want))
	}
	if rest := half.AwaitEOF(); rest != "" {
		t.Errorf("the client with half a request reads %q", rest)
	}
	if code := proxy.ExitCode(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, proxy.Log())
	}
	if got := harness.Dial(t, server.Addr).Do("get never\r\n"); got != "END\r\n" {
		t.Errorf("half a request was done: %q", got)
	}
}

// TestTerminateIdle checks that magent ends at once if no request is in flight.
func TestTerminateIdle(t *testing.T) {
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "-b", testkit.DeadAddr(t))
	idle := harness.Dial(t, proxy.Addr)
	idle.Want("mn\r\n", "MN\r\n")
	proxy.Terminate()
	if rest := idle.AwaitEOF(); rest != "" {
		t.Errorf("the idle client reads %q", rest)
	}
	if code := proxy.ExitCode(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, proxy.Log())
	}
}
