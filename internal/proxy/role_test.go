package proxy

import (
	"net/netip"
	"testing"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/session"
)

// A proxy that stands by leaves a server alone that it believes to have missed something, until the virtual address
// comes; and stops when it goes.
func TestStandby(t *testing.T) {
	r, c, gone, other := outage(t, 0, nil)
	r.svc.setStandby(true)
	r.returns(0)
	r.eventually(0, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	c.say("get first\r\n")
	other.want("get first\r\n").answer("END\r\n") // and nothing else has been asked for
	c.hear("END\r\n")
	r.on(0, func(sh *session.Shard) {
		if p := sh.Pools[0]; p.Health.Usable(0) || p.Engine.Returns(0) {
			t.Error("the server is used")
		}
	})

	r.svc.setStandby(false)
	reading := other.want("mg first v f t u\r\n")
	r.svc.setStandby(true) // in the middle of it
	r.eventually(0, "stopped", func(sh *session.Shard) bool { return !sh.Pools[0].Engine.Returns(0) })
	reading.answer("VA 1 f0 t-1\r\nx\r\n") // what is under way is brought to its end
	gone.want("ms first 1 F0\r\nx\r\n").answer("HD\r\n")
	r.clean(0)
	r.on(0, func(sh *session.Shard) {
		if sh.Pools[0].Health.Readable(0) {
			t.Error("the server is read")
		}
	})
	r.svc.setStandby(false)
	r.back(0)
}

// The address goes while a server is being filled, and comes again: it is filled again.
func TestAddressGoesDuringFill(t *testing.T) {
	t.Parallel()
	r, p, b := knownPair(t)
	c := r.client()
	lived(c, p)
	b.lists("k")
	p.restarts()
	read := b.want("mg k v f t u\r\n")
	r.inState(0, failover.Warming)
	r.svc.setStandby(true)
	r.eventually(0, "stopped", func(sh *session.Shard) bool { return !sh.Pools[0].Engine.Returns(0) })
	read.answer("EN\r\n")
	c.say("get k\r\n")
	b.want("get k\r\n").answer("END\r\n")
	c.hear("END\r\n")
	r.svc.setStandby(false)
	b.want("mg k v f t u\r\n").answer("EN\r\n")
	r.back(0)
}

// The address of the loopback is always there, one of a documentation network never.
func TestRole(t *testing.T) {
	for addr, standby := range map[string]bool{"127.0.0.1": false, "::1": false, "192.0.2.1": true} {
		r := start(t, 1, 1, func(c *config.Config) { c.VIP = netip.MustParseAddr(addr) })
		if got := r.svc.shared.Standby.Load(); got != standby {
			t.Errorf("%s: standby %v", addr, got)
		}
		if p := r.svc.process(); p.VIP != addr || p.Standby != standby {
			t.Errorf("%s: shown as %q, standby %v", addr, p.VIP, p.Standby)
		}
	}
}
