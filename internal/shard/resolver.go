package shard

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/probe"
)

// lookupFunc looks up the addresses of a host name, as net.Resolver.LookupNetIP does.
type lookupFunc func(ctx context.Context, network, host string) ([]netip.Addr, error)

// fixedEndpoint is the endpoint of a server that needs no look-up.
func fixedEndpoint(a config.Address) (loop.Endpoint, bool) {
	switch a.Network {
	case "unix":
		return loop.Endpoint{Path: a.Path}, true
	case "sentinel":
		return loop.Endpoint{}, false
	}
	ip, err := netip.ParseAddr(a.Host)
	if err != nil {
		return loop.Endpoint{}, false
	}
	return loop.Endpoint{Addr: netip.AddrPortFrom(ip, uint16(a.Port))}, true
}

// finderOf returns what finds the addresses of a server, whether they are fixed or have to be looked up.
func finderOf(a config.Address, lookup lookupFunc) probe.Finder {
	if e, fixed := fixedEndpoint(a); fixed {
		return func(context.Context) ([]loop.Endpoint, error) { return []loop.Endpoint{e}, nil }
	}
	if a.Network == "sentinel" {
		return newMaster(a, lookup).find
	}
	return func(ctx context.Context) ([]loop.Endpoint, error) {
		ips, err := lookup(ctx, "ip", a.Host)
		var addrs []loop.Endpoint
		for _, ip := range ips {
			addrs = append(addrs, loop.Endpoint{Addr: netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))})
		}
		return addrs, err
	}
}

// resolver looks up the name of one server for all loops, or asks its Sentinels.
type resolver struct {
	find    probe.Finder
	master  *master       // nil: it is given by name
	timeout time.Duration // of one look-up: the connect deadline
	asked   chan question
	again   chan struct{} // has it look up unasked, now
	stop    context.CancelFunc
	done    chan struct{} // closed when it has ended
	name    string        // of the server, as it is configured
}

// question is one connection, on its loop, that wants to know the addresses.
type question struct {
	l *loop.Loop
	c *backend.Conn
}

func (q question) answer(addrs []loop.Endpoint, err error) {
	q.l.Post(loop.TaskFunc(func() { q.c.Resolved(addrs, err) }))
}

// resolverKey tells resolvers apart: by the server, as it is configured, and by how long a look-up may take.
type resolverKey struct {
	name    string
	timeout time.Duration
}

func keyOf(a config.Address, cfg *config.Pool) resolverKey {
	return resolverKey{a.String(), cfg.ConnectTimeout}
}

// resolverOf returns the resolver of a server of a pool that is given by name, the same for all loops.
func (svc *Service) resolverOf(a config.Address, cfg *config.Pool) *resolver {
	key := keyOf(a, cfg)
	r := svc.resolvers[key]
	if r == nil {
		r = &resolver{timeout: key.timeout, asked: make(chan question, 1024), again: make(chan struct{}, 1), name: key.name}
		if a.Network == "sentinel" {
			r.master = newMaster(a, svc.lookup)
			r.find = r.master.find
		} else {
			r.find = finderOf(a, svc.lookup)
		}
		svc.resolvers[key] = r
	}
	return r
}

// startResolver starts the goroutine of a resolver.
func (svc *Service) startResolver(r *resolver) {
	var ctx context.Context
	ctx, r.stop = context.WithCancel(svc.ctx)
	r.done = make(chan struct{})
	svc.helpers.Add(1)
	go svc.resolve(ctx, r)
}

// close ends the resolver, which nobody asks any more, and waits for it.
func (r *resolver) close() {
	r.stop()
	<-r.done
}

// unusedResolvers takes those out that no pool has a server for.
func (svc *Service) unusedResolvers() (unused []*resolver) {
	used := map[resolverKey]bool{}
	for _, cfg := range svc.cfgs {
		for i := 0; cfg != nil && i < len(cfg.Servers)+len(cfg.Backups); i++ {
			used[keyOf(*placement.ServerAt(cfg, i), cfg)] = true
		}
	}
	for key, r := range svc.resolvers {
		if !used[key] {
			delete(svc.resolvers, key)
			unused = append(unused, r)
		}
	}
	return unused
}

// askAgain has the resolver look up once more, unasked. It never blocks and may be called from any goroutine.
func (r *resolver) askAgain() {
	select {
	case r.again <- struct{}{}:
	default: // it is going to
	}
}

// resolve is the goroutine of one resolver. One look-up answers everybody who asked before it ended. From time to time it
// looks the name up unasked, for those that are connected to an address that is none of it any more.
func (svc *Service) resolve(ctx context.Context, r *resolver) {
	defer svc.helpers.Done()
	defer close(r.done)
	var due <-chan time.Time // for ever silent
	if interval := svc.cfg.ResolveInterval; interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		due = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-due:
			svc.renew(ctx, r)
		case <-r.again:
			svc.renew(ctx, r)
		case q := <-r.asked:
			addrs, err := r.lookup(ctx)
			q.answer(addrs, err)
			for range len(r.asked) {
				(<-r.asked).answer(addrs, err)
			}
		}
	}
}

// renew looks the name up, and tells the connections.
func (svc *Service) renew(ctx context.Context, r *resolver) {
	if addrs, err := r.lookup(ctx); err == nil && len(addrs) > 0 { // else nobody knows better
		svc.tell(r, addrs)
	}
}

// tell has all connections to the resolver's server look whether it has moved.
func (svc *Service) tell(r *resolver, addrs []loop.Endpoint) {
	for _, sh := range svc.shards {
		sh.l.Post(loop.TaskFunc(func() {
			for _, p := range sh.pools {
				for i := 0; p != nil && i < len(p.conns); i++ {
					switch {
					case placement.ServerAt(p.cfg, i).String() != r.name:
					case r.master != nil:
						p.obey(i, addrs, r.askAgain)
					default:
						p.follow(i, addrs, sh.l.Now()+int64(renewPatience))
					}
				}
			}
		}))
	}
}

func (r *resolver) lookup(ctx context.Context) ([]loop.Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.find(ctx)
}

// dialer has the connections of one loop to one server ask its resolver.
type dialer struct {
	l *loop.Loop
	r *resolver
}

// errBusy: so many connections ask for one name that something must be wrong.
var errBusy = errors.New("too many look-ups are waiting")

// Resolve has the resolver look the name up; the answer comes through the loop's mailbox.
func (d *dialer) Resolve(c *backend.Conn) {
	q := question{d.l, c}
	select {
	case d.r.asked <- q:
	default:
		q.answer(nil, errBusy)
	}
}
