package redis

import (
	"strings"
	"testing"

	"magent/internal/testkit"
)

// twemproxy runs the real one in front of servers, and returns its address.
func twemproxy(t *testing.T, servers []*testkit.Redis, options ...string) string {
	t.Helper()
	listen, stats := testkit.DeadAddr(t), testkit.DeadAddr(t)
	file := testkit.TempFile(t, "nutcracker.yml", pool(listen, servers, options...))
	host, port, _ := strings.Cut(stats, ":")
	process := testkit.Start(t, "twemproxy", "/usr/sbin/nutcracker", "-c", file, "-o", "", "-a", host, "-s", port)
	testkit.Eventually(t, "twemproxy listens", func() error {
		if process.Exited() {
			t.Fatal("it has ended")
		}
		c, err := open(listen)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	return listen
}

// closes reports whether a program closes the connection over a request without a word. If not, it returns the reply.
func closes(t *testing.T, addr string, request []string) (closed bool, reply string) {
	t.Helper()
	c := dial(t, addr)
	defer c.Close()
	c.send(command(request...))
	reply, err := c.tryReply()
	if err != nil && reply == "" {
		return true, ""
	}
	if err != nil {
		t.Fatalf("%q: %q, %v", request, reply, err)
	}
	return false, reply
}

// TestCompatCloseLikeTwemproxy sends every command of Redis with no argument, one, two, and so on up to seven, to
// twemproxy and to a pool with compat_close. What twemproxy does not close over, the pool does not either. What
// twemproxy does close over, the pool closes over as well, or carries it out as the server does.
func TestCompatCloseLikeTwemproxy(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	theirs := twemproxy(t, servers, calm)
	ours := startPool(t, servers, calm, "compat_close: true", "compat_errors: true").Addr
	closed, served := 0, 0
	for _, name := range append(commandNames(t, servers[0]), "bogus") {
		for n := range 8 {
			request := []string{name}
			for range n {
				request = append(request, "1")
			}
			they, _ := closes(t, theirs, request)
			we, reply := closes(t, ours, request)
			switch {
			case we && !they:
				t.Errorf("%q is closed over", request)
			case we:
				closed++
			case they && !strings.HasPrefix(reply, "-"):
				served++
			case they:
				_, want := closes(t, servers[0].Addr, request)
				if want != reply { // a command before may have let the key expire just now
					_, reply = closes(t, ours, request)
					_, want = closes(t, servers[0].Addr, request)
				}
				if want != reply {
					t.Errorf("%q gets %q and is not closed over; the server says %q", request, reply, want)
				}
			}
		}
	}
	if closed < 500 || served < 10 {
		t.Errorf("%d requests were closed over, %d were served beyond what twemproxy serves", closed, served)
	}
}

// commandNames returns the names of all commands of a server but QUIT, over which every connection is closed.
func commandNames(t *testing.T, server *testkit.Redis) (names []string) {
	t.Helper()
	for line := range strings.Lines(dial(t, server.Addr).do("COMMAND", "LIST")) {
		if name := strings.TrimSpace(line); name[0] != '$' && name[0] != '*' && name != "quit" {
			names = append(names, name)
		}
	}
	return names
}
