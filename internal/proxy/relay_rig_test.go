package proxy

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/session"
	"magent/internal/testkit"
)

// election knows who decides. It makes connections to that one, for the loops of a member.
type election struct {
	t       testing.TB
	mu      sync.Mutex
	owner   *rig // nil: nobody
	epoch   uint64
	waiting []*maker
	links   int // that were made
}

// maker is a Maker of one loop.
type maker struct {
	*election
	l *loop.Loop
	c *backend.Conn
}

func (m *maker) Make(c *backend.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.c = c
	if m.owner == nil {
		m.waiting = append(m.waiting, m)
		return
	}
	m.make()
}

func (m *maker) make() {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		m.t.Error(err)
		return
	}
	m.links++
	m.owner.svc.group.OpenLink(session.Link{FD: fds[1], From: "member", Done: func() {}})
	made, c := backend.Link{FD: fds[0], Epoch: m.epoch}, m.c
	m.l.Post(loop.TaskFunc(func() { c.Made(made, nil) }))
}

// elect has a rig decide from now on, in the next epoch, or nobody.
func (e *election) elect(owner *rig) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.owner = owner; owner == nil {
		return
	}
	e.epoch++
	for id := range owner.svc.shards {
		owner.on(id, func(sh *session.Shard) { sh.Pools[0].Epoch = e.epoch })
	}
	for _, m := range e.waiting {
		m.make()
	}
	e.waiting = nil
}

// relay has a member hand everything to whoever is elected.
func (e *election) relay(member *rig) {
	e.t.Helper()
	member.replace(func(loops []*pool.Loop) []*pool.Pool {
		peers, err := pool.NewRelay(loops, 0, member.svc.cfgs[0], func(lp *pool.Loop) *backend.Relay {
			return &backend.Relay{Maker: &maker{election: e, l: lp.L}, Clock: loop.BootTime}
		})
		if err != nil {
			e.t.Fatal(err)
		}
		return peers
	})
}

// decide has a member decide itself.
func (e *election) decide(member *rig) {
	e.t.Helper()
	e.mu.Lock()
	e.epoch++
	epoch := e.epoch
	e.mu.Unlock()
	member.replace(func(loops []*pool.Loop) []*pool.Pool {
		rings, err := placement.New(member.svc.cfgs[0])
		if err != nil {
			e.t.Fatal(err)
		}
		peers := pool.New(loops, 0, member.svc.cfgs[0], rings)
		for _, p := range peers {
			p.Epoch = epoch
		}
		pool.Watch(peers)
		return peers
	})
}

// replace puts another pool in the place of the only one, as a reload does.
func (r *rig) replace(with func(loops []*pool.Loop) []*pool.Pool) {
	r.t.Helper()
	release := r.svc.stopTheWorld()
	var loops []*pool.Loop
	var before []*pool.Pool
	for _, sh := range r.svc.shards {
		loops, before = append(loops, &sh.Loop), append(before, sh.Pools[0])
		sh.Pools[0].Leave()
	}
	var ends func()
	if !before[0].Relay {
		ends = r.svc.shared.Registry.RemovePool(0).Close
	}
	after := with(loops)
	for i, sh := range r.svc.shards {
		sh.Pools[0] = after[i]
		after[i].Connect()
		sh.Replace(session.Change{Before: before[i], After: after[i]})
	}
	release()
	if ends != nil {
		ends()
	}
}

// startMemcached runs a memcached. It runs without its LRU thread: while that holds an item, a decr to fewer digits is
// stored as "9" and not as "9 ".
func startMemcached(t testing.TB) config.Address {
	t.Helper()
	path := testkit.SocketPath(t)
	testkit.Start(t, "memcached", "memcached", "-u", "root", "-s", path, "-U", "0", "-o", "no_lru_maintainer")
	testkit.Until(t, "memcached serves, and its clock goes", func() bool {
		c, err := net.Dial("unix", path)
		if err != nil {
			return false
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(testkit.Patience))
		// In its first second it keeps what has expired long ago.
		const want = "STORED\r\nEND\r\n"
		got := make([]byte, len(want))
		_, err = io.WriteString(c, "set x 0 -1 1\r\nx\r\nget x\r\n")
		if err == nil {
			_, err = io.ReadFull(c, got)
		}
		return err == nil && string(got) == want
	})
	return config.Address{Network: "unix", Path: path, Weight: 1}
}

// withMemcacheds gives a rig a primary and a backup.
func withMemcacheds(t testing.TB, threads int) *rig {
	servers := []config.Address{startMemcached(t), startMemcached(t)}
	return start(t, 0, 0, func(c *config.Config) {
		c.Threads = threads
		c.Pools[0].Servers, c.Pools[0].Backups = servers[:1], servers[1:]
		c.Pools[0].Timeout, c.Pools[0].ConnectTimeout = testkit.Patience, testkit.Patience
	})
}

// member is a rig that relays.
func (e *election) member(threads int) *rig {
	m := start(e.t, 1, 0, func(c *config.Config) {
		c.Threads = threads
		c.Pools[0].Timeout, c.Pools[0].ConnectTimeout = testkit.Patience, testkit.Patience
	})
	e.relay(m)
	return m
}
