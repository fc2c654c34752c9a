package proxy

import (
	"net/netip"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// While another machine has the address, its magent writes keys. When the address is back, what was in memory before
// counts no more.
func TestMemoryEndsWithTheAddress(t *testing.T) {
	t.Parallel()
	port := testkit.ReservePort(t)
	memcachedAt(t, port)
	r := start(t, 1, 0, func(c *config.Config) {
		c.VIP = netip.MustParseAddr("127.0.0.1") // which is always here
		p := &c.Pools[0]
		p.Servers = []config.Address{{Network: "tcp", Host: "127.0.0.1", Port: port, Weight: 1}}
		p.HotCache, p.HotRefresh = 1<<20, time.Hour
	})
	c := r.client()
	c.say("set k 0 0 3\r\nold\r\n")
	c.hear("STORED\r\n")
	remembered := func() (keys int64) {
		r.on(0, func(sh *session.Shard) { keys, _ = sh.Pools[0].Engine.Remembered() })
		return keys
	}
	testkit.Until(t, "the key is in memory", func() bool {
		c.say("get k\r\n")
		c.hear("VALUE k 0 3\r\nold\r\nEND\r\n")
		return remembered() == 1
	})
	r.svc.setStandby(true)
	r.svc.setStandby(false) // at once: no loop has seen that it was gone
	testkit.Until(t, "nothing is in memory", func() bool { return remembered() == 0 })
}
