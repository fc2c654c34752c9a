package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/failover"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/session"
	"magent/internal/testkit"
)

// moving is a server given by name that can move from one address to another.
type moving struct {
	*rig
	before, after *fake
	found         atomic.Value // []netip.Addr: what the name has; none: an error
	asked         atomic.Int32
}

func startMoving(t *testing.T, threads int) *moving {
	t.Helper()
	m := &moving{before: newFake(t, 0)}
	m.after = newFakeAt(t, 1, fmt.Sprintf("127.0.0.2:%d", m.before.addr.Port))
	m.found.Store(addrs("127.0.0.1"))
	cfg := named(m.before, threads)
	cfg.ResolveInterval = 5 * time.Millisecond
	m.rig = startNamed(t, cfg, func(context.Context, string, string) ([]netip.Addr, error) {
		m.asked.Add(1)
		if found := m.found.Load().([]netip.Addr); len(found) > 0 {
			return found, nil
		}
		return nil, errors.New("no such host")
	})
	for id := range threads {
		m.eventually(id, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	}
	return m
}

func (m *moving) move() { m.found.Store(addrs("127.0.0.2")) }

// wantsMoved waits until all loops are connected to the new address.
func (m *moving) wantsMoved(ejections uint64) {
	m.t.Helper()
	for id := range m.svc.shards {
		m.eventually(id, "connected to the new address", func(sh *session.Shard) bool {
			p := sh.Pools[0]
			return p.Conns[0].Ready() && p.Health.Readable(0) &&
				strings.HasPrefix(p.Conns[0].Endpoint().String(), "127.0.0.2:")
		})
	}
	m.on(0, func(sh *session.Shard) {
		if n := sh.Pools[0].Figures(0).Ejections; n != ejections {
			m.t.Errorf("%d ejections, want %d", n, ejections)
		}
	})
}

// A server whose name gets another address is used there, without an ejection.
func TestServerMoves(t *testing.T) {
	for threads := 1; threads <= 2; threads++ {
		m := startMoving(t, threads)
		m.after.answers(func(string) string { return valueA })
		c := m.client()
		c.say("get a\r\n")
		m.before.want("get a\r\n").answer(miss)
		c.hear(miss)
		m.move()
		m.wantsMoved(0)
		c.say("get a\r\n")
		c.hear(valueA)
	}
}

// What is in flight is answered before the connection is given up.
func TestServerMovesBehindRequests(t *testing.T) {
	m := startMoving(t, 1)
	c := m.client()
	c.say("get a\r\n")
	a := m.before.want("get a\r\n")
	m.move()
	asked := m.asked.Load()
	m.eventually(0, "look-ups", func(*session.Shard) bool { return m.asked.Load() > asked+2 })
	a.answer(valueA)
	c.hear(valueA)
	m.wantsMoved(0)
}

// A server that leaves requests unanswered is left all the same.
func TestServerMovesAway(t *testing.T) {
	t.Parallel()
	m := startMoving(t, 1)
	m.after.answers(func(string) string { return miss })
	c := m.client()
	c.say("get a\r\n")
	m.before.want("get a\r\n")
	m.move()
	if got := c.line(); !strings.Contains(got, "its name has another address now") {
		t.Errorf("got %q", got)
	}
	m.before.leave() // the end that is waited for
	m.wantsMoved(1)
	c.say("get a\r\n")
	c.hear(miss)
}

// As long as the address is one of the name's, or nobody knows the name, nothing happens.
func TestServerStays(t *testing.T) {
	m := startMoving(t, 1)
	for _, found := range [][]netip.Addr{addrs("127.0.0.2", "127.0.0.1"), {}} {
		m.found.Store(found)
		asked := m.asked.Load()
		m.eventually(0, "look-ups", func(*session.Shard) bool { return m.asked.Load() > asked+3 })
		m.on(0, func(sh *session.Shard) {
			if n := sh.Pools[0].Conns[0].Stats.Connects; n != 1 {
				t.Errorf("%v: %d connections", found, n)
			}
		})
	}
}

// Without an interval nobody looks a name up while it is connected to.
func TestNoLookUpUnasked(t *testing.T) {
	var asked atomic.Int32
	cfg := named(newFake(t, 0), 1)
	r := startNamed(t, cfg, func(context.Context, string, string) ([]netip.Addr, error) {
		asked.Add(1)
		return addrs("127.0.0.1"), nil
	})
	r.eventually(0, "connected", func(sh *session.Shard) bool { return sh.Pools[0].Conns[0].Ready() })
	before := asked.Load()
	time.Sleep(50 * time.Millisecond) // time for look-ups that must not come
	if n := asked.Load(); n != before {
		t.Errorf("%d look-ups", n-before)
	}
}

// What comes while the new connection is being made is collected, not refused.
func TestServerMovesAtOnce(t *testing.T) {
	m := startMoving(t, 1)
	m.move()
	m.on(0, func(sh *session.Shard) {
		p := sh.Pools[0]
		p.Follow(0, []loop.Endpoint{{Addr: netip.MustParseAddrPort("127.0.0.2:1")}}, 0)
		if !p.Conns[0].Connecting() {
			t.Error("no connection is being made")
		}
	})
	m.wantsMoved(0)
}

// A primary that moves is another server: it is filled before it is read.
func TestPrimaryMoves(t *testing.T) {
	before, backup := newFake(t, 0), newFake(t, 2)
	after := newFakeAt(t, 1, fmt.Sprintf("127.0.0.2:%d", before.addr.Port))
	for i, f := range []*fake{before, after, backup} {
		f.pid.Store(int64(100 + i))
	}
	var moved atomic.Bool
	cfg := named(before, 1)
	cfg.ResolveInterval = 5 * time.Millisecond
	cfg.Pools[0].Backups = []config.Address{backup.addr}
	r := startNamed(t, cfg, func(context.Context, string, string) ([]netip.Addr, error) {
		if moved.Load() {
			return addrs("127.0.0.2"), nil
		}
		return addrs("127.0.0.1"), nil
	})
	r.eventually(0, "connected", func(sh *session.Shard) bool {
		return sh.Pools[0].Conns[0].Ready() && sh.Pools[0].Conns[1].Ready()
	})
	backup.dump.Store("key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=60\r\nEND\r\n")
	moved.Store(true)
	c := r.client()
	r.eventually(0, "the new primary is being filled", func(sh *session.Shard) bool {
		return sh.Pools[0].Health.Server(0).State == failover.Warming
	})
	c.say("get b\r\n")
	for {
		a := testkit.Await(t, "a request to the backup", backup.asked)
		if strings.HasPrefix(a.text, "mg ") {
			a.answer("EN\r\n")
			continue
		}
		if a.text != "get b\r\n" {
			t.Fatalf("the backup was asked %q", a.text)
		}
		a.answer(miss)
		break
	}
	c.hear(miss)
}
