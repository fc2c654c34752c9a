package failover

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// session has a request for every command, with the reply. If servers without meta commands lead to another reply,
// that is the third element. {0} is a key of each session.
var session = [][]string{
	{"set {0} 3 0 2\r\n10\r\n", "STORED\r\n"},
	{"get {0}\r\n", "VALUE {0} 3 2\r\n10\r\nEND\r\n"},
	{"add {0} 0 0 1\r\n1\r\n", "NOT_STORED\r\n"},
	{"replace {0} 3 0 2\r\n20\r\n", "STORED\r\n"},
	{"append {0} 0 0 1\r\n0\r\n", "STORED\r\n"},
	{"prepend {0} 0 0 1\r\n1\r\n", "STORED\r\n"},
	{"incr {0} 5\r\n", "1205\r\n"},
	{"decr {0} 3\r\n", "1202\r\n"},
	{"touch {0} 0\r\n", "TOUCHED\r\n"},
	{"gat 1000 {0} none{0}\r\n", "VALUE {0} 3 4\r\n1202\r\nEND\r\n"},
	{"set {0} 4 0 1 noreply\r\n7\r\nget {0}\r\n", "VALUE {0} 4 1\r\n7\r\nEND\r\n"},
	{"cas {0} 0 0 1 1000000\r\n1\r\n", "EXISTS\r\n"},
	{"mg {0} v f\r\n", "VA 1 f4\r\n7\r\n", "SERVER_ERROR "},
	{"ms {0} 2 F5 O1\r\n41\r\n", "HD O1\r\n", "SERVER_ERROR "},
	{"ma {0} v\r\n", "VA 2\r\n42\r\n", "SERVER_ERROR "},
	{"md {0} k\r\n", "HD k{0}\r\n", "SERVER_ERROR "},
	{"delete {0}\r\n", "NOT_FOUND\r\n", "DELETED\r\n"},
	{"get {0}\r\n", "END\r\n"},
	{"incr {0} 1\r\n", "NOT_FOUND\r\n"},
	{"touch {0} 1\r\n", "NOT_FOUND\r\n"},
	{"version\r\n", "VERSION"},
	{"mn\r\n", "MN\r\n"},
}

func holdSession(t *testing.T, c *harness.Client, key string) {
	t.Helper()
	lacking, gat := harness.MetaOf(t) != harness.FullMeta, harness.HasGat(t)
	for _, step := range session {
		want := step[1]
		if lacking {
			want = step[len(step)-1]
		}
		if !gat && strings.HasPrefix(step[0], "gat ") {
			want = "ERROR\r\n"
		}
		request, want := strings.ReplaceAll(step[0], "{0}", key), strings.ReplaceAll(want, "{0}", key)
		if got := c.Do(request); !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", request, got, want)
		}
	}
}

// TestOneServerDead checks that no client sees an error, from the first request on, whichever server has died.
func TestOneServerDead(t *testing.T) {
	t.Parallel()
	for _, victim := range []string{"primary", "backup"} {
		t.Run(victim, func(t *testing.T) {
			p := startPair(t)
			c := harness.Dial(t, p.proxy.Addr)
			holdSession(t, c, "before")
			c.Want("set kept 9 0 4\r\nkept\r\n", "STORED\r\n")
			dead := map[string]*harness.Memcached{"primary": p.primary, "backup": p.backup}[victim]
			dead.Kill()
			holdSession(t, c, "after")
			c.Want("get kept\r\n", "VALUE kept 9 4\r\nkept\r\nEND\r\n")
			holdSession(t, harness.Dial(t, p.proxy.Addr), "other")
			awaitState(t, p.proxy, dead, "ejected")
			holdSession(t, c, "ejected")

			dead.Restart()
			awaitState(t, p.proxy, dead, "up")
			holdSession(t, c, "again")
			c.Want(harness.Set("again", "1"), "STORED\r\n")
			harness.Dial(t, dead.Addr).Want("get again\r\n", harness.Hit("again", "1"))
		})
	}
}

// TestRestartWhileIdle checks that a restart of a memcached between two requests costs no error and no wait.
func TestRestartWhileIdle(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	for i, server := range []*harness.Memcached{p.primary, p.backup, p.primary, p.backup} {
		holdSession(t, c, fmt.Sprintf("before%d", i))
		server.Restart()
		if harness.MetaOf(t) == harness.NoMeta { // what it misses until it is up again is deleted then
			awaitState(t, p.proxy, server, "up")
		}
		holdSession(t, c, fmt.Sprintf("after%d", i))
		awaitState(t, p.proxy, server, "up")
	}
}

// TestBothDead checks that there is an error at once, and that the connection works again when a server is back.
func TestBothDead(t *testing.T) {
	p := startPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	p.primary.Kill()
	p.backup.Kill()
	began := time.Now()
	requests := []string{
		"get a\r\n", "gets a\r\n", "get a b c\r\n", "gat 0 a b\r\n", harness.Set("a", "2"), "append a 0 0 1\r\n3\r\n",
		"cas a 0 0 1 1\r\nx\r\n", "incr a 1\r\n",
		"delete a\r\n", "touch a 1\r\n", "mg a v\r\n", "ms a 1\r\n1\r\n", "md a\r\n", "ma a\r\n",
	}
	for _, request := range requests {
		if got := c.Do(request); !strings.HasPrefix(got, "SERVER_ERROR ") || !strings.HasSuffix(got, "\r\n") {
			t.Errorf("%q: %q", request, got)
		}
		c.Want("set a 0 0 1 noreply\r\nx\r\nmn\r\n", "MN\r\n")
	}
	if took := time.Since(began); took > testkit.Patience/2 { // a single deadline is Patience
		t.Errorf("%d errors took %v", len(requests), took)
	}
	c.Send(strings.Join(requests, ""))
	for _, request := range requests {
		if got := c.Reply(); !strings.HasPrefix(got, "SERVER_ERROR ") {
			t.Errorf("pipelined %q: %q", request, got)
		}
	}

	p.backup.Restart()
	testkit.Eventually(t, "the connection is good again", func() error {
		if got := c.Do(harness.Set("a", "4")); got != "STORED\r\n" {
			return fmt.Errorf("reply %q", got)
		}
		return nil
	})
	awaitState(t, p.proxy, p.backup, "up") // on all loops
	holdSession(t, c, "back")
	c.Want("get a\r\n", harness.Hit("a", "4"))
	p.primary.Restart()
	awaitState(t, p.proxy, p.primary, "up")
	holdSession(t, c, "both")
}
