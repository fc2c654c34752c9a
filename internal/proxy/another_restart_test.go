package proxy

import (
	"strings"
	"testing"
	"time"

	"magent/failover"
	"magent/internal/session"
	"magent/internal/testkit"
)

// Who a server was is known to the next process, which finds another memory there.
func TestAnotherMemoryAfterARestartOfOurs(t *testing.T) {
	t.Parallel()
	for _, crash := range []bool{false, true} {
		r, p, b := remembering(t)
		lived(r.client(), p)
		if crash { // the first one has seen the other memory, and has not got far
			b.lists("k")
			p.becomes("k")
			b.want("mg k v f t u\r\n")
			r.follow()
			r.trust()
			p.want("flush_all\r\n").answer("OK\r\n")
		} else {
			p.pid.Add(1000)
			b.lists("k")
			p.lists("k")
			r.follow()
			r.trust()
			b.want("mg k v f t u\r\n").answer("EN\r\n")
			p.want("delete k\r\n").answer("DELETED\r\n")
		}
		b.want("mg k v f t u\r\n").answer("EN\r\n")
		r.back(0)
	}
}

// A reload does not forget that a server is not to be trusted.
func TestReloadWhileAnotherMemoryIsCleansed(t *testing.T) {
	t.Parallel()
	r, another, other := remembering(t)
	// No earlier process is waited for.
	r.on(0, func(*session.Shard) { r.svc.shared.Started = time.Now().Add(-2 * time.Hour) })
	lived(r.client(), another)
	another.becomes(manyKeys()...)
	testkit.Await(t, "the first key", other.asked) // is not answered
	pools := r.pools()
	pools[0].Timeout -= time.Millisecond
	if err := r.svc.Reload(pools); err != nil {
		t.Fatal(err)
	}
	another.isFlushed()
	r.back(0)
}

// The list of what is to be cleansed is that of the very server that the loop is connected to.
func TestItselfIsThisRunOfTheServer(t *testing.T) {
	r, _, another, _ := isAnother(t, 0)
	r.on(0, func(sh *session.Shard) {
		p := sh.Pools[0]
		s := p.Itself(0)
		found, err := s.Find(t.Context())
		if want := (failover.Identity{PID: another.pid.Load(), Start: 1000}); s.Only != want || err != nil ||
			len(found) != 1 || found[0] != p.Conns[0].Endpoint() {
			t.Errorf("%v at %v (%v)", s.Only, found, err)
		}
	})
}

// What the operator reads is said once, whatever the number of loops.
func TestDistrustIsNoted(t *testing.T) {
	t.Parallel()
	r, _, another, other := isAnother(t, 0)
	another.becomes("k")
	other.want("mg k v f t u\r\n").answer("EN\r\n")
	another.want("delete k\r\n").answer("DELETED\r\n")
	r.back(0)
	n := 0
	for _, e := range r.svc.Events() {
		if e.What == "another" && strings.Contains(e.Reason, "not empty (1 items)") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
	r.inState(0, failover.Up)
}
