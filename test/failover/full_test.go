package failover

import (
	"fmt"
	"strings"
	"testing"

	"magent/test/harness"
)

// TestFullQueue: a server stands still, and more is written than the proxy will queue for it. What is refused is refused
// on both copies: whoever was told STORED reads the new value, and whoever was told an error reads the old one.
func TestFullQueue(t *testing.T) {
	for _, which := range []string{"primary", "backup"} {
		t.Run(which, func(t *testing.T) { fullQueue(t, which == "primary") })
	}
}

func fullQueue(t *testing.T, primary bool) {
	p, b := harness.StartMemcached(t, "-m", "1024"), harness.StartMemcached(t, "-m", "1024")
	proxy := harness.StartMagent(t, "--timeout", "60s", "-s", p.Addr, "-b", b.Addr)
	standing := b
	if primary {
		standing = p
	}
	const clients, each = 8, 45
	old, recent := strings.Repeat("o", 600_000), strings.Repeat("n", 600_000)
	key := func(n, i int) string { return fmt.Sprintf("key-%d-%d", n, i) }
	var conns []*harness.Client
	for n := range clients {
		conns = append(conns, harness.Dial(t, proxy.Addr))
		for i := range each {
			conns[n].Want(harness.Set(key(n, i), old[:10]), "STORED\r\n")
		}
	}

	standing.Pause()
	sent := make(chan error, clients)
	for n, c := range conns {
		go write(c, n, each, key, recent, sent)
	}
	harness.Eventually(t, "a full queue", func() error {
		if harness.Stats(t, proxy.Addr, "")["proxy_conn_errors"] == "0" {
			return fmt.Errorf("nothing is refused yet")
		}
		return nil
	})
	standing.Resume()
	refused := 0
	for range clients {
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	}
	for n, c := range conns {
		for i := range each {
			want := recent
			if reply := c.Reply(); reply != "STORED\r\n" {
				if !strings.Contains(reply, "too many requests in flight") {
					t.Errorf("reply %q", reply)
				}
				refused++
				want = old[:10]
			}
			for _, server := range []*harness.Memcached{p, b} {
				if got := harness.Dial(t, server.Addr).Do("get " + key(n, i) + "\r\n"); got != harness.Hit(key(n, i), want) {
					t.Errorf("%s: %s holds %.40q, want %.40q", key(n, i), server.Name, got, harness.Hit(key(n, i), want))
				}
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

func write(c *harness.Client, n, each int, key func(n, i int) string, value string, sent chan<- error) {
	for i := range each {
		if err := c.TrySend(harness.Set(key(n, i), value)); err != nil {
			sent <- err
			return
		}
	}
	sent <- nil
}
