package proxy

import (
	"net/netip"
	"os"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// One of two goes on without the other if it has the virtual address, and --fleet-alone says so. A member that does
// not have it repairs servers all the same: it does so when it decides.
func TestFleetAloneByAddress(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 1)
	for i := range f.svcs {
		f.kill(i)
		if err := os.RemoveAll(f.dirs[i]); err != nil {
			t.Fatal(err)
		}
	}
	f.change = func(c *config.Config) {
		c.VIP, c.Fleet.Alone = netip.MustParseAddr("192.0.2.1"), config.AloneVIP
	}
	f.start(0)
	r := &rig{t: t, svc: f.svcs[0]}
	r.on(0, func(sh *session.Shard) {
		if sh.Standby.Load() || sh.VIP {
			t.Error("a member of a fleet stands by")
		}
	})
	// The address of the loopback is always there.
	f.kill(0)
	f.change = func(c *config.Config) {
		c.VIP, c.Fleet.Alone = netip.MustParseAddr("127.0.0.1"), config.AloneVIP
	}
	f.start(0)
	testkit.Until(t, "it decides alone", func() bool { return len(f.svcs[0].fleet().Unready()) == 0 })
	if !f.svcs[0].fleet().Alone() {
		t.Error("it is not alone")
	}
}
