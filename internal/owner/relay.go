package owner

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"magent/backend"
	"magent/internal/fleet/link"
	"magent/internal/fleet/view"
	"magent/internal/loop"
	"magent/internal/pool"
	"magent/internal/session"
)

// A pool that this process does not decide for hands its requests to who does (pool.NewRelay).

// maker connects a relaying pool of one loop to the owner.
type maker struct {
	f    *Owner
	pool int
	l    *loop.Loop
	ctx  context.Context // done when another pool takes its place
}

// relay has a pool hand its requests to the owner.
func (f *Owner) relay(i int) {
	f.endRelay(i)
	ctx, cancel := context.WithCancel(f.ctx)
	f.unrelay[i] = cancel
	f.replace(i, changeTime, func(loops []*pool.Loop) []*pool.Pool {
		peers, err := pool.NewRelay(loops, i, f.pool(i), func(lp *pool.Loop) *backend.Relay {
			return &backend.Relay{Maker: &maker{f, i, lp.L, ctx}, Clock: loop.BootTime, Forwarded: f.forward}
		})
		if err != nil {
			f.o.Died(err) // a ring of one server
			return nil
		}
		for n, sh := range f.o.Group.Shards {
			sh.Pools[i] = peers[n]
		}
		return peers
	}, (*pool.Pool).Connect, nil)
}

// endRelay has nobody look for the owner of a pool any more.
func (f *Owner) endRelay(i int) {
	if f.unrelay[i] != nil {
		f.unrelay[i]()
		f.unrelay[i] = nil
	}
}

// forward counts requests that another owner gets. Loops call it.
func (f *Owner) forward(requests int) { f.forwarded.Add(uint64(requests)) }

// Make is that of backend.Maker.
func (m *maker) Make(c *backend.Conn) {
	if m.f.begin() {
		go m.connect(c)
	}
}

// connect is the goroutine that connects to the owner.
func (m *maker) connect(c *backend.Conn) {
	defer m.f.done.Done()
	l, err := m.f.dialOwner(m.ctx, m.pool)
	m.l.Post(loop.TaskFunc(func() { c.Made(l, err) }))
}

// dialTime is how long connecting to the owner may take.
const dialTime = time.Second

// dialOwner connects to whoever decides for a pool, when there is one that is not this process.
func (f *Owner) dialOwner(ctx context.Context, i int) (backend.Link, error) {
	for {
		who, changed := f.deciderOf(i)
		if m := f.member.Load(); m != nil && who.name != "" && who.name != f.self() {
			limited, cancel := context.WithTimeout(ctx, dialTime)
			d, err := m.Data(limited, who.name, f.pool(i).Name)
			cancel()
			if err == nil && d.Incarnation != who.incarnation {
				unix.Close(d.FD)
				d.Closed()
				err = fmt.Errorf("another process of %s answers than the one that decides", who.name)
			}
			return backend.Link{FD: d.FD, Seal: d.Seal, Epoch: who.epoch, Closed: d.Closed}, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return backend.Link{}, ctx.Err()
		}
	}
}

// deciderOf returns who decides for a pool, and what is closed when that changes.
func (f *Owner) deciderOf(i int) (decider, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.deciders[i], f.changed
}

// announce notes who decides by a view. What was handed to earlier owners is given back, and the links of members that
// are out of the view end. in: this process takes part. Else it hands nothing to anybody, for its links would end as
// soon as the owner knows that view. It runs on the member's goroutine.
func (f *Owner) announce(v view.View, in bool) {
	f.mu.Lock()
	some := false
	for _, g := range v.Groups {
		if i, ok := f.named(g.Name); ok {
			now := decider{}
			if in {
				now = decider{g.Owner, g.Incarnation, g.Since}
			}
			some = some || f.deciders[i] != now
			f.deciders[i] = now
		}
	}
	if some {
		close(f.changed)
		f.changed = make(chan struct{})
	}
	f.mu.Unlock()
	for _, sh := range f.o.Group.Shards {
		sh.L.Post(loop.TaskFunc(func() { f.hear(sh, v) }))
	}
}

// hear tells a loop of a view.
func (f *Owner) hear(sh *session.Shard, v view.View) {
	for _, g := range v.Groups {
		if i, ok := f.named(g.Name); ok && sh.Pools[i].Relay {
			over := g.Since
			if g.Owner == "" {
				over = v.Epoch
			}
			sh.Pools[i].Over(over)
		}
	}
	for _, m := range v.Members {
		if m.State == view.Absent {
			sh.EndLinks(m.Name)
		}
	}
}

// serves says why a member's requests for a pool are not taken; nil: they are.
func (f *Owner) serves(from, name string) error {
	m := f.member.Load()
	if _, ok := f.named(name); !ok {
		return fmt.Errorf("there is no pool %q here", name)
	}
	if m == nil {
		return fmt.Errorf("%s has just been started", f.self())
	}
	if who := m.View().Member(from); who == nil || who.State == view.Absent {
		return fmt.Errorf("%s takes no part in the fleet, as far as %s knows", from, f.self())
	}
	return nil
}

// opened takes a connection for requests of a member. One of a process that is not in the view yet is closed: it would
// end when another view says that the process before it is dead.
func (f *Owner) opened(from string, d link.Data) {
	i, ok := f.named(d.Pool) // it may have gone
	if m := f.member.Load(); !ok || m == nil || !m.View().Has(from, d.Incarnation) {
		unix.Close(d.FD)
		d.Closed()
		return
	}
	f.o.Group.OpenLink(session.Link{FD: d.FD, Seal: d.Seal, From: from, Pool: i, Done: d.Closed})
}
