package proxy

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/journal"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/refill"
	"magent/internal/registry"
	"magent/internal/service"
	"magent/internal/session"
)

// Start binds all listeners, connects to the servers, and starts the loops. If it returns no error, clients can
// connect. Close ends what it has started.
func Start(o Options) (*Service, error) {
	svc := newService(o)
	svc.doubts = svc.shared.Servers.Check(o.Config.Pools) // while another process may serve yet
	svc.newFleet(&o)
	known, err := svc.prepare(o.TakeOver)
	if err != nil {
		svc.stop()
		svc.discard()
		return nil, err
	}
	for _, p := range svc.shards[0].Pools {
		pool.Watch(p.Peers)
	}
	if svc.member != nil {
		svc.beginFleet(&known)
	} else {
		svc.recall(&known)
	}
	if err := svc.watchRole(); err != nil {
		svc.stop()
		svc.shared.Registry.Close()
		svc.discard()
		return nil, err
	}
	for i, cfg := range svc.cfgs {
		svc.shared.Servers.Listen(i, cfg)
	}
	svc.helpers.Add(1)
	go svc.askStores(svc.ctx)
	for _, sh := range svc.shards { // before the first of them runs, which may hand clients to the others at once
		sh.L.Post(loop.TaskFunc(func() { svc.start(sh) }))
	}
	for _, sh := range svc.shards {
		svc.loops.Add(1)
		go svc.run(sh)
	}
	if svc.member != nil {
		if err := svc.member.Join(); err != nil {
			svc.Close()
			return nil, err
		}
	}
	return svc, nil
}

// newService makes a Service that has neither loops nor listeners yet.
func newService(o Options) *Service {
	ctx, stop := context.WithCancel(context.Background())
	svc := &Service{
		shakeTime: shakeTime,
		cfg:       o.Config, log: o.Log, release: o.Release,
		reserveFD: openReserve(), ctx: ctx, stop: stop, dead: make(chan error, 1),
		storedEvery: o.StoredEvery, storedAsks: make(chan []storedAsk, 1),
		ending: cmp.Or(o.Ending, context.Background()),
		given:  o.Sockets, place: journal.Place{Dir: o.Config.StateDir, Give: o.Give, Beside: o.Files},
	}
	svc.group = session.NewGroup(session.Options{
		Log: o.Log, Version: o.Version, Stats: svc.answerStats, GiveBack: svc.giveBack, Clock: loop.BootTime,
		Window: cmp.Or(o.window, session.WindowStart), MaxAssembly: pool.MaxAssembly,
		Slow: o.Config.Slow, SlowKeys: o.Config.SlowKeys,
		RequestTimeout: o.Config.RequestTimeout, IdleTimeout: o.Config.IdleTimeout,
	})
	svc.shared.Log, svc.shared.Registry, svc.shared.Walks = o.Log, registry.New(o.Log), refill.NewWalks(o.Log, 0)
	svc.shared.Started, svc.shared.VIP = time.Now(), o.Config.VIP.IsValid() && o.Config.Fleet == nil
	svc.shared.Threads, svc.shared.MaxValue, svc.shared.MaxDirty = max(1, o.Config.Threads), o.Config.MaxValue,
		o.Config.MaxDirty
	svc.shared.MaxJoint = cmp.Or(o.maxJoint, pool.MaxJoint)
	svc.shared.Flushable = cmp.Or(o.flushable, pool.Flushable)
	svc.shared.OwnerWait = cmp.Or(o.ownerWait, pool.OwnerWaitOf(o.Config.Fleet))
	svc.shared.Owner = func(key []byte) int { return svc.group.OwnerOf(key).ID }
	svc.shared.Servers = discover.New(discover.Options{
		Lookup: o.lookup, Interval: o.Config.ResolveInterval,
		Log: o.Log, Found: svc.found, Files: &svc.shared.Files,
	})
	svc.shared.Handshakes = access.NewHandshakes()
	svc.storedTimer = loop.NewTimer(svc.askStored)
	svc.shared.Gate = o.gate
	return svc
}

// prepare makes everything that is to run. Everything that may fail comes before the earlier process is taken over
// from.
func (svc *Service) prepare(takeOver func() error) (known inheritance, err error) {
	rings, err := svc.bindAll()
	if err != nil {
		return known, err
	}
	if err := svc.takeOver(takeOver); err != nil {
		return known, err
	}
	if known, err = svc.openJournal(); err != nil {
		return known, err
	}
	svc.recallDrained()
	for i, r := range rings {
		svc.addPool(i, svc.cfgs[i], r)
	}
	return known, nil
}

// bindAll makes the shards, without their pools, and binds the listeners.
func (svc *Service) bindAll() (all []placement.Rings, err error) {
	for range max(1, svc.cfg.Threads) {
		sh, err := svc.group.NewShard(&svc.shared)
		if err != nil {
			return nil, err
		}
		svc.shards = append(svc.shards, sh)
	}
	for i := range svc.cfg.Pools {
		svc.cfgs = append(svc.cfgs, &svc.cfg.Pools[i])
	}
	use, err := svc.ReadFiles()
	if err != nil {
		return nil, err
	}
	use()
	svc.addGroups()
	for i, p := range svc.cfgs {
		svc.group.ByPool = append(svc.group.ByPool, new(atomic.Int64))
		r, err := placement.New(p)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		for _, l := range p.Listen {
			if err := svc.listen(i, l); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// listen binds one address of a pool, and accepts clients there, on the first loop.
func (svc *Service) listen(pool int, l config.Listen) error {
	ln, err := svc.bind(pool, l)
	if err != nil {
		return err
	}
	ln.equip(svc.cfgs[pool])
	svc.listeners = append(svc.listeners, ln)
	return svc.shards[0].L.Register(ln.fd, loop.Readable, ln)
}

// bind binds one address of a pool. Clients are not accepted yet.
func (svc *Service) bind(pool int, l config.Listen) (*listener, error) {
	e := loop.Endpoint{Path: l.Address}
	if l.Network != "unix" {
		addr, err := netip.ParseAddrPort(l.Address)
		if err != nil {
			return nil, fmt.Errorf("listen %s: %w", l.Address, err)
		}
		e = loop.Endpoint{Addr: addr}
	}
	o := loop.ListenOptions{
		Backlog: l.Backlog, Mode: os.FileMode(l.Mode), KeepAlive: l.KeepAlive,
		ReusePort: l.ReusePort,
	}
	ln := &listener{svc: svc, sh: svc.shards[0], pool: pool, cfg: l, addr: e}
	s, err := svc.claim(e, o)
	if ln.fd = s.FD; s.FD < 0 && err == nil {
		ln.fd, err = loop.Listen(e, o)
	}
	if err != nil {
		return nil, &ListenError{Address: l.Address, Err: err}
	}
	ln.given, ln.foreign = s.FD >= 0, s.Foreign
	fd := ln.fd
	if bound, err := loop.LocalEndpoint(fd); err == nil {
		ln.addr = bound
	}
	ln.file = service.SocketFileAt(e.Path, ln.foreign)
	ln.wake = loop.NewTimer(ln.resume)
	return ln, nil
}

// ListenError is the error for an address that could not be bound.
type ListenError struct {
	Address string
	Err     error
}

func (e *ListenError) Error() string { return fmt.Sprintf("cannot listen on %s: %v", e.Address, e.Err) }

// Unwrap returns the reason.
func (e *ListenError) Unwrap() error { return e.Err }
