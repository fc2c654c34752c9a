package failover

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestFullQueue stops a server and writes more than the proxy queues for it. A write is refused on both copies or on
// none: after STORED a client reads the new value, and after an error the old one.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"primary", "backup"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			fullQueue(t, which == "primary")
		})
	}
}

func fullQueue(t *testing.T, primary bool) {
	p, b := harness.StartMemcached(t, "-m", "1024"), harness.StartMemcached(t, "-m", "1024")
	// The server stands for as long as it takes to fill a queue.
	proxy := harness.StartMagent(t, "-s", p.Addr, "-b", b.Addr, "--timeout", "10m", "--connect-timeout", "10m")
	standing := b
	if primary {
		standing = p
	}
	// The requests of clients in flight are bounded in bytes. So only many small requests of many clients fill a
	// queue: 64 Ki of them, on each loop.
	const each = 512
	clients := 140
	if n, err := strconv.Atoi(os.Getenv("MAGENT_THREADS")); err == nil {
		clients *= n
	}
	old, recent := "old", "new"
	key := func(n, i int) string { return fmt.Sprintf("key-%d-%d", n, i) }
	var conns []*harness.Client
	for n := range clients {
		conns = append(conns, harness.Dial(t, proxy.Addr))
		conns[n].Send(sets(n, each, key, old)) // and so the client's window opens
		for range each {
			if reply := conns[n].Reply(); reply != "STORED\r\n" {
				t.Fatalf("reply %q", reply)
			}
		}
	}

	standing.Pause()
	for n, c := range conns {
		c.Send(sets(n, each, key, recent))
	}
	testkit.Eventually(t, "a full queue", func() error {
		if harness.Stats(t, proxy.Addr, "")["proxy_conn_errors"] == "0" {
			return fmt.Errorf("nothing is refused yet")
		}
		return nil
	})
	standing.Resume()
	refused := 0
	copies := []*harness.Client{harness.Dial(t, p.Addr), harness.Dial(t, b.Addr)}
	for n, c := range conns {
		var gets, wants strings.Builder
		for i := range each {
			want := recent
			if reply := c.Reply(); reply != "STORED\r\n" {
				if !strings.Contains(reply, "too many requests in flight") {
					t.Errorf("reply %q", reply)
				}
				refused++
				want = old
			}
			fmt.Fprintf(&gets, "get %s\r\n", key(n, i))
			wants.WriteString(harness.Hit(key(n, i), want))
		}
		for i, server := range copies {
			server.Send(gets.String())
			for want := range strings.SplitAfterSeq(wants.String(), "END\r\n") {
				if want == "" {
					continue
				}
				if got := server.Reply(); got != want {
					t.Errorf("copy %d: %q, want %q", i, got, want)
				}
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// sets returns the requests of a client.
func sets(n, each int, key func(n, i int) string, value string) string {
	var all strings.Builder
	for i := range each {
		all.WriteString(harness.Set(key(n, i), value))
	}
	return all.String()
}
