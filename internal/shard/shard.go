package shard

import (
	"cmp"
	"errors"
	"sync/atomic"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/distribute"
	"magent/internal/loop"
	"magent/internal/placement"
	"magent/internal/refill"
	"magent/internal/registry"
	"magent/internal/stats"
	"magent/replicate"
	"magent/replicate/repair"
	"magent/resp"
)

// Limits of one loop that are no options: they bound what clients can make the proxy hold, and are far away from what
// it needs to be fast.
const (
	maxLine         = 1 << 20         // a command line; about 4000 keys of 250 bytes
	maxServerQueue  = 64 << 10        // requests in flight to one server
	maxServerUnsent = 64 << 20        // bytes that wait for a server's socket, and one value beside them
	drainTime       = 3 * time.Second // the end of a lost connection to a server is waited for before a new one is made
	quarantine      = time.Second     // and if it was not seen, the new one waits
	maxJoint        = 64              // keys of gets that share a command line on their way to a server
	maxAssembly     = 256 << 20       // bytes of requests that have not arrived completely, or wait for their EXEC, all clients together
	maxUnsent       = 256 << 20       // bytes of replies that clients do not fetch, all clients together
)

// Shard is one loop and what lives on it.
type Shard struct {
	svc   *Service
	id    int
	l     *loop.Loop
	pools []*pool
	past  stats.Counters // of pools that were removed

	load        atomic.Int64 // clients given to this shard; read by the accepting one
	sessions    map[*session]struct{}
	req         ascii.Request // the request being served
	cmd         resp.Request  // and in a Redis pool
	queued      resp.Request  // a command of the transaction that is being executed
	clientIDs   int64         // given to clients of Redis pools
	assembly    int           // bytes of incomplete requests, and of transactions
	unsent      int           // bytes of replies that the sockets did not take
	searched    uint64        // bytes in which the end of a line was looked for in vain, for tests
	errands     loop.Free[errand]
	gathers     loop.Free[gather]
	owed        int // bytes that were let go of, and may be given back to the system
	sweeper     *loop.Timer
	spare       loop.Spare // what the free lists keep
	line        []byte     // scratch
	slow        slowLog
	draining    bool
	drainDone   func()
	storedTimer *loop.Timer
	yielding    bool // another process is about to take over: servers that return have to wait for that
}

// pool is one shard's part of a pool: connections, their states, and the engine that uses them. A reload that removes or changes
// the pool puts another one in its place, if any; it is never changed into that. So what is on its way to another loop holds the
// part there (peers), never an index.
type pool struct {
	index    int     // its place in Shard.pools, on every loop: that of its name, which no other name gets
	peers    []*pool // its parts on all loops, in their order, this one among them; the same slice for all
	name     string
	cfg      *config.Pool // the same for all loops
	began    int64        // loop time at which this part was made
	held     bool         // nothing new is taken on: the configuration is about to change
	sh       *Shard
	limits   ascii.Limits    // of requests
	redis    resp.Limits     // of requests, in a Redis pool
	conns    []*backend.Conn // primaries, then backups
	health   *failover.Machine
	engine   *replicate.Engine  // of a Redis pool: it gets no requests, and knows that nothing was missed
	commands *distribute.Engine // of a Redis pool; nil: of memcacheds
	count    stats.Counters
	hot      stats.HotKeys
	demand   *demand // of its clients

	recorder *recorder               // nil: no journal
	moved    []func(key []byte) bool // by server: tells keys that may be out of date there, while the engine has it Distrusted
	recalled []bool                  // by server: what it missed is known from an earlier process
	cutOff   []bool                  // by server: it had requests to answer when the pool left
	sentBy   []time.Time             // by server: when a pool before this one may have sent something last, that it cannot take back
	byConn   map[*backend.Conn]int
	records  []*registry.Record // by server: what is known of it, the same for all loops
	shown    []figures          // by server
	stored   []stored           // by server; kept by the first loop
	walks    []*refill.Walk     // by server: what lists the keys that it lacks
}

func newShard(svc *Service, id int) (*Shard, error) {
	l, err := loop.New()
	if err != nil {
		return nil, err
	}
	sh := &Shard{
		svc: svc, id: id, l: l,
		sessions: map[*session]struct{}{},
	}
	sh.errands, sh.gathers = loop.NewFree[errand](&sh.spare), loop.NewFree[gather](&sh.spare)
	sh.sweeper = loop.NewTimer(sh.sweep)
	sh.storedTimer = loop.NewTimer(sh.askStored)
	return sh, nil
}

// addPool makes the parts of a pool on all loops, which do not run yet or stand still.
func (svc *Service) addPool(index int, cfg *config.Pool, rings placement.Rings) (peers []*pool) {
	peers = make([]*pool, len(svc.shards))
	for i, sh := range svc.shards {
		peers[i] = sh.newPool(index, cfg, rings)
		peers[i].peers = peers
		for len(sh.pools) <= index {
			sh.pools = append(sh.pools, nil)
		}
		sh.pools[index] = peers[i]
	}
	return peers
}

// register has the servers of a pool, whose parts on all loops are given, watched.
func (svc *Service) register(peers []*pool) {
	first := peers[0]
	records := svc.registry.AddPool(first.index, first.cfg, svc.servers, func(server int, at loop.Endpoint) {
		for _, p := range peers { // those that were removed or changed meanwhile do not connect any more
			p.sh.l.Post(loop.TaskFunc(func() { p.alive(server, at) }))
		}
	})
	for _, p := range peers {
		p.records = records
	}
}

// newPool makes the shard's part of a pool.
func (sh *Shard) newPool(index int, cfg *config.Pool, rings placement.Rings) *pool {
	addrs := append(append([]config.Address(nil), cfg.Servers...), cfg.Backups...)
	p := &pool{
		index: index, name: cfg.Name, cfg: cfg, sh: sh, began: sh.l.Now(),
		limits: ascii.Limits{MaxLine: maxLine, MaxValue: cmp.Or(cfg.MaxValue, sh.svc.cfg.MaxValue)},
		health: failover.NewMachine(len(addrs), failover.Options{Limit: cfg.ServerFailureLimit, Patient: placement.Ejects(cfg)}),
		byConn: map[*backend.Conn]int{},
		demand: &demand{l: sh.l},
	}
	p.redis = redisLimits(p.limits.MaxValue)
	for i, a := range addrs {
		opt := backend.Options{
			Name:           a.String(),
			Timeout:        cfg.Timeout,
			ConnectTimeout: cfg.ConnectTimeout,
			DrainTime:      drainTime,
			Quarantine:     quarantine,
			MaxPending:     maxServerQueue,
			MaxValue:       p.limits.MaxValue,
			MaxUnsent:      maxServerUnsent + p.limits.MaxValue,
			MaxJoint:       sh.svc.maxJoint,
			Greet:          len(cfg.Backups) > 0,
			Knock:          true,
			Lazy:           placement.Ejects(cfg),
			Redis:          loginOf(cfg),
		}
		if e, fixed := discover.Fixed(a); fixed {
			opt.Endpoint = e
		} else {
			opt.Dialer = sh.svc.servers.Dialer(a, cfg, sh.l)
		}
		c := backend.NewConn(sh.l, opt, p)
		p.byConn[c] = i
		p.conns = append(p.conns, c)
	}
	p.shown = make([]figures, len(p.conns))
	p.walks = make([]*refill.Walk, len(p.conns))
	p.stored = make([]stored, len(p.conns))
	p.moved = make([]func(key []byte) bool, len(p.conns))
	p.recalled = make([]bool, len(p.conns))
	p.cutOff = make([]bool, len(p.conns))
	p.sentBy = make([]time.Time, len(p.conns))
	p.recorder = sh.svc.recorderOf(sh.id, cfg)
	servers := call.NewServers(call.Options{
		Hash: rings.Hash, Primaries: rings.Primaries, Backups: rings.Backups,
		Conns: p.conns, Health: p.health,
		Spare: &sh.spare, Count: &p.count, Hot: &p.hot,
	})
	p.engine = replicate.New(servers, replicate.Options{
		Repair: repair.Options{
			Host:     p,
			Loops:    max(1, sh.svc.cfg.Threads),
			UnixTime: func() int64 { return time.Now().Unix() },
			MaxDirty: cmp.Or(cfg.MaxDirty, sh.svc.cfg.MaxDirty) / sh.svc.cfg.Threads,
			Journal:  p.journal(),
		},
		AckPrimary: cfg.Ack == config.AckPrimary,
	})
	if cfg.Redis {
		p.commands = distribute.New(servers, cfg.Distribution == config.Random)
	}
	return p
}

// start connects to all servers; it runs on the loop.
func (sh *Shard) start() {
	sh.l.Set(sh.sweeper, sweepEvery)
	for _, p := range sh.pools {
		p.connect()
	}
}

// connect connects to all servers of the pool; it runs on the loop.
func (p *pool) connect() {
	for _, c := range p.conns {
		c.Connect()
	}
	p.sh.askSoon()
}

// run is the goroutine of the shard's loop.
func (sh *Shard) run() {
	defer sh.svc.loops.Done()
	if err := sh.l.Run(); err != nil {
		sh.svc.died(err)
	}
}

// Recognized reports whether a server is the one that it was. What another one lacks, and what it may hold that is out of date, is
// made good once it is taken out of use, in Connected; nothing that was meant for the one before is sent to it.
func (p *pool) Recognized(c *backend.Conn) bool {
	i := p.byConn[c]
	contents := p.health.Meet(i, p.meeting(i))
	if contents == failover.Doubtful { // recorded before the identity is: who comes after a crash must not take it for the one that it was
		p.moved[i] = everyKey
		p.engine.Distrust(i)
		p.sh.svc.registry.Distrusted(p.records[i])
	}
	if p.recorder != nil {
		p.recorder.identity(i, c.Identity())
	}
	if contents == failover.Complete {
		return true
	}
	p.engine.Emptied(i)
	if why := p.engine.Unfillable(i); why != "" {
		p.sh.svc.registry.Unfillable(p.records[i], why)
	}
	return contents == failover.Partial && !p.engine.CanFill(i)
}

// meeting is what is known of server i when a connection to it begins.
func (p *pool) meeting(i int) failover.Meeting {
	c := p.conns[i]
	return failover.Meeting{
		Greeting: c.Greeting(),
		Replies:  c.Stats.Replies,
		Silent:   time.Duration(p.sh.l.Now() - max(p.began, c.Heard())),
		Empty:    p.sh.svc.registry.Met(p.records[i], c.Greeting()),
	}
}

// everyKey may be out of date on a server that is another memory.
func everyKey([]byte) bool { return true }

// Why a server is taken out of use that was another one when it was connected to again, while nobody asked for anything.
var (
	errRestarted = errors.New("it was restarted")
	errAnother   = errors.New("it is another one, and may hold what is out of date")
)

// Connected begins to make good what a server missed that was ejected, or has lost: a new connection stands.
func (p *pool) Connected(c *backend.Conn) {
	i := p.byConn[c]
	switch {
	case p.engine.Distrusted(i):
		p.takeOut(i, errAnother)
	case p.engine.Incomplete(i) && p.engine.CanFill(i):
		p.takeOut(i, errRestarted)
	}
	if p.sh.svc.cfg.VIP.IsValid() && p.engine.Missed(i) {
		p.recalled[i] = true // this machine may just be losing the virtual address: see role.go
	}
	if p.recalled[i] {
		p.wait(i)
	}
	p.admit()
	p.later()
}

// wait has a server that is known from an earlier process, or from a pool before a reload, wait before it returns. Nobody waits for
// the end of connections from that time: what lies in the server's sockets is executed once it goes on, and what the kernel still
// had to send came within drainTime, or a longer --timeout, of the end (loop.LimitUnsent).
func (p *pool) wait(i int) {
	connects := p.conns[i].Stats.Connects
	again := loop.NewTimer(func() {
		if p.conns[i].Ready() && p.conns[i].Stats.Connects == connects {
			p.recalled[i] = false
			p.admit()
		}
	})
	late, sent := max(drainTime, p.cfg.Timeout), p.sh.svc.started
	if p.sentBy[i].After(sent) {
		sent = p.sentBy[i]
	}
	p.sh.l.Set(again, quarantine+max(0, late-time.Since(sent)))
}

// admit has servers return that are connected to again, once it is known whether their other copies can be had: not
// while connections to those are being made, as at the start.
func (p *pool) admit() {
	for i, c := range p.conns {
		if c.Ready() && !p.health.Usable(i) && !p.recalled[i] && p.othersKnown(i) && p.mayMakeGood(i) {
			p.health.Return(i, p.sh.l.Now())
		}
	}
	for i := range p.conns {
		if p.health.Server(i).State == failover.Returning && !p.engine.Returns(i) && p.mayMakeGood(i) {
			p.engine.Returned(i)
			p.moveKeys()
		}
	}
}

// othersKnown reports whether no connection to the other copies of the keys of server i is being made.
func (p *pool) othersKnown(i int) bool {
	for j, c := range p.conns {
		if p.engine.CopiesOf(i, j) && c.Connecting() {
			return false
		}
	}
	return true
}

// later does what may have become possible, outside the engine's calls.
func (p *pool) later() {
	for i, c := range p.conns {
		if p.engine.Incomplete(i) || c.Ready() && !p.health.Usable(i) && !p.recalled[i] {
			p.sh.l.Post(loop.TaskFunc(func() {
				p.admit()
				p.refill()
			}))
			return
		}
	}
}

// Disconnected ejects a server whose connection failed. A connection that ended while nothing was under way, because the
// server closed it or has moved, is made anew at once.
func (p *pool) Disconnected(c *backend.Conn, err error, idle bool) {
	if errors.Is(err, backend.ErrShutdown) {
		return
	}
	i := p.byConn[c]
	before := p.health.Server(i).State
	switch {
	case idle && before == failover.Up:
		if errors.Is(err, backend.ErrClosed) {
			p.sh.svc.registry.Idle(p.records[i])
		}
		c.Connect()
	case p.health.ConnectionFailure(i, c.Stats.Replies, p.sh.l.Now()):
		p.gone(i, before, err)
	case before == failover.Up: // it has some failures left
		if c.Missed() {
			c.Connect()
		}
	case !errors.Is(err, backend.ErrTimeout): // which ends a connection that stood, see TimedOut
		p.sh.svc.registry.Absent(p.records[i], err) // the attempt to return has failed
	}
	p.later()
}

// TimedOut counts a missed deadline. When it was one too many, the connection is given up with all that is in flight.
func (p *pool) TimedOut(c *backend.Conn) {
	i := p.byConn[c]
	err := c.Err()
	before := p.health.Server(i).State
	if p.health.SoftFailure(i, c.Stats.Replies, p.sh.l.Now()) {
		p.gone(i, before, err)
		c.Close(err)
	}
}

// takeOut takes a server out of use because of err, unless it is out.
func (p *pool) takeOut(i int, err error) {
	before := p.health.Server(i).State
	if p.health.HardFailure(i, p.sh.l.Now()) {
		p.gone(i, before, err)
	}
}

// gone tells the registry that a server was ejected. The loop that is the first to eject a server counts it for all.
func (p *pool) gone(i int, before failover.State, err error) {
	p.Abandoned(i)
	p.engine.Gone(i)
	p.moveKeys()
	if before != failover.Up {
		p.sh.svc.registry.Absent(p.records[i], err) // it was not back yet
		return
	}
	p.shown[i].ejectedAt = time.Now().UnixMicro()
	if p.sh.svc.registry.Ejected(p.records[i], err) {
		p.shown[i].ejections++
	}
}

// alive is called when a probe has found the server answering at an address.
func (p *pool) alive(i int, at loop.Endpoint) {
	if p.sh.yielding {
		p.sh.svc.registry.Absent(p.records[i], errYielding) // is probed on
		return
	}
	if !p.health.Usable(i) {
		p.conns[i].Prefer(at)
		p.conns[i].Connect()
	}
}
