//go:build !race

package proxy

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/testkit"
)

// A request that is handed to an owner costs no allocation, neither at the member nor at the owner: both run in this
// process, in which the servers and the client allocate nothing either.
func TestForwardedRequestsAllocateNothing(t *testing.T) {
	value := strings.Repeat("v", 100)
	for name, w := range map[string]struct{ request, reply string }{
		"get":       {"get k\r\n", "VALUE k 0 100\r\n" + value + "\r\nEND\r\n"},
		"set":       {"set k 0 0 100\r\n" + value + "\r\n", "STORED\r\n"},
		"multi-get": {"get k l\r\n", "VALUE k 0 100\r\n" + value + "\r\nEND\r\n"},
		"cas":       {"cas k 0 0 100 7\r\n" + value + "\r\n", "STORED\r\n"},
		"meta":      {"mg k v\r\n", "VA 100\r\n" + value + "\r\n"},
		"large":     {"get k\r\n", "VALUE k 0 50000\r\n" + strings.Repeat(value, 500) + "\r\nEND\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var servers []config.Address
			for range 2 {
				server := testkit.Serve(t, func(c net.Conn) { answerAll(c, strings.Count(w.request, "\n"), w.reply) })
				a, err := config.ParseAddress(server)
				if err != nil {
					t.Fatal(err)
				}
				servers = append(servers, a)
			}
			e := &election{t: t}
			owner := start(t, 0, 0, func(cfg *config.Config) {
				cfg.Pools[0].Servers, cfg.Pools[0].Backups = servers[:1], servers[1:]
			})
			e.elect(owner)
			member := e.member(1)
			owner.unswept()
			member.unswept()
			c := member.client()
			const pipelined = 20
			batch, want := []byte(strings.Repeat(w.request, pipelined)), []byte(strings.Repeat(w.reply, pipelined))
			got := make([]byte, len(want))
			round := func() {
				if _, err := c.c.Write(batch); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(c.c, got); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%v: %.200q", err, got)
				}
			}
			rounds := 500
			if len(want) > 100_000 {
				rounds /= 10
			}
			for range 50 {
				round()
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				round()
			}
			runtime.ReadMemStats(&after)
			if per := float64(after.Mallocs-before.Mallocs) / float64(rounds*pipelined); per >= 0.02 {
				t.Errorf("%.3f allocations per request", per)
			} else {
				t.Logf("%.5f allocations per request", per)
			}
		})
	}
}
