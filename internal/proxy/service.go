package proxy

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/journal"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/refill"
	"magent/internal/registry"
	"magent/internal/session"
	"magent/internal/vip"
)

// Options of a Service.
type Options struct {
	Config  config.Config
	Log     zerolog.Logger
	Version string // what clients get for the command version
	Release string // of the program

	StoredEvery time.Duration // how often servers are asked what they store; 0: they are not

	Sockets  []Socket     // that listen already; the Service takes them over, also when Start fails
	TakeOver func() error // called when all addresses are bound, before the journal is opened; nil: there is nobody to take over from

	Give  func(*os.File) error // hands a file of Config.StateDir to the user who will go on to run; nil: nobody has to be given anything
	Files []string             // other files of the process, which may be in Config.StateDir

	lookup    discover.LookupFunc // in tests; else the system's
	maxJoint  int                 // in tests; else maxJoint
	window    int                 // in tests; else windowStart
	flushable time.Duration       // in tests; else pool.Flushable
}

// Service is a running proxy: its loops, listeners and helpers.
type Service struct {
	cfg     config.Config
	shared  pool.Process
	group   *session.Group
	log     zerolog.Logger
	release string

	cfgs      []*config.Pool // of the pools, by their index; nil: it was removed
	reloads   int            // how many there were; changed while the loops stand still
	shards    []*session.Shard
	listeners []*listener
	given     []Socket // that no pool has asked for yet
	liveness  liveness
	place     journal.Place // of it

	reloadErrors  atomic.Uint64
	journalErrors atomic.Uint64
	draining      atomic.Bool // or giving up in favour of another process
	reserveFD     int         // given up when no other descriptor is left; the first loop's
	giving        atomic.Bool // giveBack is at work

	doubts      []discover.Doubt // at the start
	storedEvery time.Duration
	storedAsks  chan []storedAsk
	storedTimer *loop.Timer     // of the first loop
	role        *vip.Watcher    // nil: there is no virtual address
	ctx         context.Context // of the helpers
	stop        context.CancelFunc
	loops       sync.WaitGroup
	helpers     sync.WaitGroup
	dead        chan error
}

// Start binds every listener, connects to the servers and starts the loops. When it returns without an error, clients
// can connect. Close ends what it has started.
func Start(o Options) (*Service, error) {
	if o.maxJoint == 0 {
		o.maxJoint = pool.MaxJoint
	}
	if o.flushable == 0 {
		o.flushable = pool.Flushable
	}
	if o.window == 0 {
		o.window = session.WindowStart
	}
	ctx, stop := context.WithCancel(context.Background())
	svc := &Service{
		cfg: o.Config, log: o.Log, release: o.Release,
		reserveFD: openReserve(), ctx: ctx, stop: stop, dead: make(chan error, 1),
		storedEvery: o.StoredEvery, storedAsks: make(chan []storedAsk, 1),
		given: o.Sockets, place: journal.Place{Dir: o.Config.StateDir, Give: o.Give, Beside: o.Files},
	}
	svc.group = session.NewGroup(session.Options{
		Log: o.Log, Version: o.Version, Window: o.window, MaxAssembly: pool.MaxAssembly, Slow: o.Config.Slow, SlowKeys: o.Config.SlowKeys,
		RequestTimeout: o.Config.RequestTimeout, IdleTimeout: o.Config.IdleTimeout, Stats: svc.answerStats, GiveBack: svc.giveBack,
	})
	svc.shared.Log, svc.shared.Registry, svc.shared.Walks = o.Log, registry.New(o.Log), refill.NewWalks(o.Log, 0)
	svc.shared.Started, svc.shared.VIP = time.Now(), o.Config.VIP.IsValid()
	svc.shared.Threads, svc.shared.MaxValue, svc.shared.MaxDirty = max(1, o.Config.Threads), o.Config.MaxValue, o.Config.MaxDirty
	svc.shared.MaxJoint, svc.shared.Flushable = o.maxJoint, o.flushable
	svc.shared.Owner = func(key []byte) int { return svc.group.OwnerOf(key).ID }
	svc.shared.Servers = discover.New(discover.Options{Lookup: o.lookup, Interval: o.Config.ResolveInterval, Log: o.Log, Found: svc.found})
	svc.storedTimer = loop.NewTimer(svc.askStored)
	svc.doubts = svc.shared.Servers.Check(o.Config.Pools) // while another process may serve yet
	known, err := svc.prepare(o.TakeOver)
	if err != nil {
		stop()
		svc.discard()
		return nil, err
	}
	for _, p := range svc.shards[0].Pools {
		pool.Watch(p.Peers)
	}
	svc.recall(known)
	if err := svc.watchRole(); err != nil {
		stop()
		svc.shared.Registry.Close()
		svc.discard()
		return nil, err
	}
	for i, cfg := range svc.cfgs {
		svc.shared.Servers.Listen(i, cfg)
	}
	svc.helpers.Add(1)
	go svc.askStores(ctx)
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(func() { svc.start(sh) }))
		svc.loops.Add(1)
		go svc.run(sh)
	}
	return svc, nil
}

// prepare makes all that is to run. What may fail comes before the process is taken over from that has served until now.
func (svc *Service) prepare(takeOver func() error) (known journal.Knowledge, err error) {
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
		p := &svc.cfg.Pools[i]
		svc.cfgs = append(svc.cfgs, p)
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
	svc.listeners = append(svc.listeners, ln)
	return svc.shards[0].L.Register(ln.fd, loop.Readable, ln)
}

// bind binds one address of a pool. Nobody is accepted there yet.
func (svc *Service) bind(pool int, l config.Listen) (*listener, error) {
	e := loop.Endpoint{Path: l.Address}
	if l.Network != "unix" {
		addr, err := netip.ParseAddrPort(l.Address)
		if err != nil {
			return nil, fmt.Errorf("listen %s: %w", l.Address, err)
		}
		e = loop.Endpoint{Addr: addr}
	}
	o := loop.ListenOptions{Backlog: l.Backlog, Mode: os.FileMode(l.Mode), KeepAlive: l.KeepAlive, ReusePort: l.ReusePort}
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
	if e.Path != "" {
		ln.file, _ = os.Lstat(e.Path)
	}
	ln.wake = loop.NewTimer(ln.resume)
	return ln, nil
}

// ListenError says which address could not be bound.
type ListenError struct {
	Address string
	Err     error
}

func (e *ListenError) Error() string { return fmt.Sprintf("cannot listen on %s: %v", e.Address, e.Err) }

// Unwrap returns the reason.
func (e *ListenError) Unwrap() error { return e.Err }

// Addrs returns the bound addresses, a port 0 replaced by the one that the kernel chose.
func (svc *Service) Addrs() []string {
	var out []string
	for _, ln := range svc.listeners {
		out = append(out, ln.addr.String())
	}
	return out
}

// AddrsOf returns those of one pool.
func (svc *Service) AddrsOf(pool int) []string {
	var out []string
	for _, ln := range svc.listeners {
		if ln.pool == pool {
			out = append(out, ln.addr.String())
		}
	}
	return out
}

// Warnings are what was wrong at the start, and kept nothing from being served. They have been logged.
func (svc *Service) Warnings() (texts []string) {
	for _, d := range svc.doubts {
		texts = append(texts, d.String())
	}
	return texts
}

// Err delivers the error of a loop that could not go on.
func (svc *Service) Err() <-chan error { return svc.dead }

func (svc *Service) died(err error) {
	select {
	case svc.dead <- err:
	default:
	}
}

// Close ends the loops and the helpers and waits for them. Clients that are still there are cut off.
func (svc *Service) Close() {
	for _, sh := range svc.shards {
		sh.L.Post(loop.TaskFunc(sh.L.Stop))
	}
	svc.loops.Wait()
	svc.stop()
	svc.shared.Registry.Close()
	svc.shared.Servers.Close()
	svc.shared.Walks.Close()
	svc.role.Close()
	svc.helpers.Wait()
	svc.removeSockets()
	svc.record()
	svc.closeJournal()
	unix.Close(svc.reserveFD)
}

// discard undoes a start that failed half way.
func (svc *Service) discard() {
	svc.dropGiven()
	svc.shared.Servers.Close()
	for _, sh := range svc.shards {
		sh.L.Discard()
	}
	svc.removeSockets()
	svc.closeJournal()
	unix.Close(svc.reserveFD)
}

// removeSockets removes the files of unix sockets.
func (svc *Service) removeSockets() {
	for _, ln := range svc.listeners {
		ln.removeSocket()
	}
}
