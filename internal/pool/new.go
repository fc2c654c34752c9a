package pool

import (
	"cmp"
	"math"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/config"
	"magent/internal/dedicated"
	"magent/internal/discover"
	"magent/internal/distribute"
	"magent/internal/fence"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/pubsub"
	"magent/internal/refill"
	"magent/internal/replicas"
	"magent/internal/stats"
	"magent/replicate"
	"magent/replicate/repair"
	"magent/resp"
)

// New makes the parts of a pool with this index on all loops. The loops do not run yet, or stand still.
func New(loops []*Loop, index int, cfg *config.Pool, rings placement.Rings) (peers []*Pool) {
	peers = make([]*Pool, len(loops))
	bound, subscribing := &dedicated.Bound{Most: int64(cfg.Dedicated)}, &pubsub.Pending{}
	for i, lp := range loops {
		peers[i] = newPart(lp, index, cfg, rings, nil)
		peers[i].addLines(bound, subscribing, peers[i].dropIdleLine)
		peers[i].Peers = peers
	}
	return peers
}

// Watch has the registry watch the servers of a pool: a server that is out of use is probed. peers are the pool's
// parts on all loops.
func Watch(peers []*Pool) {
	first := peers[0]
	records := first.Loop.Registry.AddPool(first.Index, first.Config, first.Loop.Servers, &first.Loop.Files,
		func(server int, at loop.Endpoint) {
			for _, p := range peers { // those that were removed or changed meanwhile do not connect any more
				p.Loop.L.Post(loop.TaskFunc(func() { p.Alive(server, at) }))
			}
		},
		func(server int, err error) {
			for _, p := range peers {
				p.Loop.L.Post(loop.TaskFunc(func() { p.Conns[server].Blame(err) }))
			}
		})
	for _, p := range peers {
		p.records = records
	}
	first.Loop.Servers.Reads(first.Config, func(server int, read []loop.Endpoint) {
		for _, p := range peers {
			p.Loop.L.Post(loop.TaskFunc(func() { p.readFrom(server, read) }))
		}
	})
}

// newPart makes the part of a pool on one loop. With relay it is one for a member of a fleet (relay.go).
func newPart(lp *Loop, index int, cfg *config.Pool, rings placement.Rings, relay *backend.Relay) *Pool {
	p := newBare(lp, index, cfg, rings, relay != nil)
	if relay != nil {
		p.addRelay(relay)
	} else {
		p.addConns()
	}
	p.complete(&p.Count, &p.Hot)
	return p
}

// newBare makes a part without connections.
func newBare(lp *Loop, index int, cfg *config.Pool, rings placement.Rings, relay bool) *Pool {
	p := &Pool{
		Index: index, Name: cfg.Name, Config: cfg, Loop: lp, began: lp.L.Now(),
		Limits: ascii.Limits{MaxLine: maxLine, MaxValue: cmp.Or(cfg.MaxValue, lp.MaxValue)},
		Health: failover.NewMachine(len(cfg.Servers)+len(cfg.Backups),
			failover.Options{
				Limit: cfg.ServerFailureLimit, Patient: placement.Ejects(cfg),
				Sole: !relay && placement.Sole(cfg),
			}),
		byConn: map[*backend.Conn]int{}, timers: map[*loop.Timer]struct{}{}, Meta: true, Relay: relay,
		Users: lp.Files.Logins.Of(cfg.AuthFile), rings: rings,
	}
	p.RedisLimits = RedisLimitsOf(p.Limits.MaxValue)
	return p
}

// Accepted returns the limits for requests that another loop, a pool before a reload, or another member of the
// fleet has accepted: their values are not limited again. The limits of two of them may differ for a while.
func (p *Pool) Accepted() ascii.Limits {
	return ascii.Limits{MaxLine: p.Limits.MaxLine, MaxValue: math.MaxInt32}
}

// addConns adds the connections to the servers.
func (p *Pool) addConns() {
	cfg, lp := p.Config, p.Loop
	for _, a := range append(append([]config.Address(nil), cfg.Servers...), cfg.Backups...) {
		opt := backend.Options{
			Name:           a.String(),
			Timeout:        cfg.Timeout,
			ConnectTimeout: cfg.ConnectTimeout,
			DrainTime:      DrainTime,
			Quarantine:     Quarantine,
			MaxPending:     MaxServerQueue,
			MaxValue:       p.Limits.MaxValue,
			MaxUnsent:      maxServerUnsent + p.Limits.MaxValue,
			MaxJoint:       lp.MaxJoint,
			Greet:          len(cfg.Backups) > 0,
			Knock:          true,
			Lazy:           placement.Ejects(cfg),
			Redis:          loginOf(cfg, resp.RESP2),
		}
		to := lp.Files.To(cfg, a)
		p.Access = append(p.Access, to)
		if to.Login != nil {
			opt.Password = func() []byte { return to.Login.Users().AppendSet(nil) }
		}
		if to.TLS != nil {
			opt.Securer = &securer{lp.L, lp.Handshakes, to}
		}
		if e, fixed := discover.Fixed(a); fixed {
			opt.Endpoint = e
		} else {
			opt.Dialer = lp.Servers.Dialer(a, cfg, lp.L)
		}
		if f := lp.Fences.Of(a.String()); f != nil && len(cfg.Backups) > 0 && f.Outcome() == fence.Asking {
			opt.Dialer = f.Dialer(lp.L, opt.Endpoint, opt.Dialer)
		}
		p.addConn(opt)
	}
}

// addConn adds the connection to the next server.
func (p *Pool) addConn(opt backend.Options) {
	c := backend.NewConn(p.Loop.L, opt, p)
	p.byConn[c] = len(p.Conns)
	p.Conns = append(p.Conns, c)
}

// complete adds what a part with its connections needs to serve requests. They are counted in count and hot.
func (p *Pool) complete(count *stats.Counters, hot *stats.HotKeys) {
	cfg, lp, rings := p.Config, p.Loop, p.rings
	p.shown = make([]figures, len(p.Conns))
	for i := range p.shown {
		p.shown[i].since = time.Now().UnixMicro()
	}
	p.walks = make([]*refill.Walk, len(p.Conns))
	p.Stored = make([]Stored, len(p.Conns))
	p.moved = make([]func(key []byte) bool, len(p.Conns))
	p.Recalled = make([]bool, len(p.Conns))
	p.cutOff = make([]bool, len(p.Conns))
	p.sentBy = make([]time.Time, len(p.Conns))
	p.recorder = lp.recorderOf(cfg)
	servers := call.NewServers(call.Options{
		Hash: rings.Hash, HashFour: rings.HashFour, Primaries: rings.Primaries, Backups: rings.Backups,
		Conns: p.Conns, Health: p.Health, Underway: p.recorder.part(),
		Spare: &lp.Spare, Count: count, Hot: hot, Relay: p.Relay, Revive: p.reviver(),
		CompatErrors: cfg.CompatErrors,
	})
	p.Engine = replicate.New(servers, replicate.Options{
		Repair: repair.Options{
			Host:     p,
			Loops:    lp.Threads,
			Shared:   cfg.Of != nil,
			UnixTime: func() int64 { return time.Now().Unix() },
			MaxDirty: cmp.Or(cfg.MaxDirty, lp.MaxDirty) / lp.Threads,
			Journal:  p.Recorder(),
		},
		AckPrimary: cfg.Ack == config.AckPrimary, Memory: p.memory(),
	})
	if cfg.Redis {
		p.Commands = distribute.New(servers, cfg.Distribution == config.Random)
		if cfg.ReadFrom.Elsewhere() {
			p.Commands.Replicas = replicas.NewSet(lp.L, p.Conns)
		}
	}
	p.drain()
}

// Connect connects to all servers of the pool. It runs on the loop.
func (p *Pool) Connect() {
	for _, c := range p.Conns {
		c.Connect()
	}
	p.awaitFlush()
}

// ConnectLater is Connect, a few servers in each turn of the loop. Those come first for which there are requests.
func (p *Pool) ConnectLater() {
	for _, c := range p.Conns {
		p.Loop.Connecting.Connect(c)
	}
	p.awaitFlush()
}

// Recorder returns the recorder in the form that the engine takes; nil: there is no journal.
func (p *Pool) Recorder() repair.Recorder {
	if p.recorder == nil {
		return nil
	}
	return p.recorder
}

// NewRelay makes the parts, on all loops, of a pool that another member of the fleet decides for. relay has the Maker
// of the connections to the owner, for each loop. The loops do not run yet, or stand still.
func NewRelay(loops []*Loop, index int, cfg *config.Pool,
	relay func(*Loop) *backend.Relay,
) (peers []*Pool, err error) {
	one := relayConfig(cfg)
	rings, err := placement.New(one)
	if err != nil {
		return nil, err
	}
	peers = make([]*Pool, len(loops))
	for i, lp := range loops {
		peers[i] = newPart(lp, index, one, rings, relay(lp))
		peers[i].Peers, peers[i].behind = peers, cfg
	}
	return peers, nil
}
