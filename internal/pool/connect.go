package pool

import (
	"errors"
	"slices"
	"time"

	"magent/ascii"
	"magent/backend"
	"magent/backend/hello"
	"magent/failover"
	"magent/internal/loop"
)

// Recognized reports whether a server is the one that was connected before. If it is another one, nothing that was
// meant for the one before is sent to it. What it lacks, or holds that may be out of date, is repaired after Connected
// has taken it out of use.
func (p *Pool) Recognized(c *backend.Conn) bool {
	i := p.byConn[c]
	contents := p.Health.Meet(i, p.meeting(i))
	// This is recorded before the identity. Otherwise a process that starts after a crash would take the server for
	// the one before.
	if contents == failover.Doubtful {
		p.moved[i] = everyKey
		p.Engine.Distrust(i)
		p.Loop.Registry.Distrusted(p.records[i])
	}
	if p.recorder != nil {
		p.recorder.identity(i, c.Identity())
		p.recorder.connected(i, c)
	}
	if contents == failover.Complete {
		return true
	}
	p.Engine.Emptied(i)
	if why := p.Engine.Unfillable(i); why != "" {
		p.Loop.Registry.Unfillable(p.records[i], why)
	}
	if p.relieved(i) {
		p.TakeOut(i, errRestarted)
		return false
	}
	return contents == failover.Partial && !p.Engine.CanFill(i)
}

// meeting returns what is known of server i when a connection to it begins.
func (p *Pool) meeting(i int) failover.Meeting {
	c := p.Conns[i]
	return failover.Meeting{
		Greeting: c.Greeting(),
		Replies:  c.Stats.Replies,
		Silent:   time.Duration(p.Loop.L.Now() - max(p.began, c.Heard())),
		Empty:    p.Loop.Registry.Met(p.records[i], c.Greeting()),
	}
}

// everyKey is for a server whose whole contents may be out of date, because it is another memory.
func everyKey([]byte) bool { return true }

// Why a server is taken out of use that turned out to be another one when it was connected again. No request was
// waiting.
var (
	errRestarted = errors.New("it was restarted")
	errAnother   = errors.New("it is another one, and may hold what is out of date")
	errOverflow  = errors.New("all its keys may be out of date, so it is flushed")
)

// Why a server is out of use after a reload, which is no outage.
var (
	errMoved     = errors.New("keys move to it: it gets them from their other copies")
	errInherited = errors.New("it was not repaired completely before the reload")
)

// Connected begins to repair a server that was ejected, or that lost its contents. A new connection to it is ready.
func (p *Pool) Connected(c *backend.Conn) {
	i := p.byConn[c]
	p.Engine.Forget()
	p.Meta = !slices.ContainsFunc(p.Conns, func(c *backend.Conn) bool { return c.Lacks(ascii.ShapeMeta) })
	p.tellIdentity(i)
	if p.Loop.VIP && p.Engine.Missed(i) {
		p.Recalled[i] = true // this machine may just be losing the virtual address: see role.go
	}
	if !p.Health.Usable(i) && p.Engine.Spare(i) {
		p.moved[i] = everyKey
	}
	calm := time.Duration(0)
	if p.Recalled[i] {
		calm = p.quarantine(i)
	}
	switch {
	case p.Engine.Distrusted(i):
		p.TakeOut(i, errAnother)
		p.Recalled[i] = true
		calm += p.Loop.Flushable
	case p.Engine.Dirty(i).All():
		p.TakeOut(i, errOverflow)
		p.Recalled[i] = true
		calm += p.Loop.Flushable
	case p.Engine.Incomplete(i) && p.Engine.CanFill(i):
		p.TakeOut(i, errRestarted)
	}
	if p.Recalled[i] {
		p.wait(i, calm)
	}
	if p.repair != nil {
		p.repair.goOn()
	}
	p.Admit()
	p.later()
}

// wait keeps a server out of use for a while. One that is flushed on its return, or may have to be, waits for
// Flushable: memcached 1.6.25 and later may keep an item over flush_all that was stored or used in the same second
// (item_flush_expired).
func (p *Pool) wait(i int, calm time.Duration) {
	connects := p.Conns[i].Stats.Connects
	p.after(calm, func() {
		if p.Conns[i].Ready() && p.Conns[i].Stats.Connects == connects {
			p.Recalled[i] = false
			p.Admit()
		}
	})
}

// quarantine returns how long a server waits that is known from an earlier process, or from a pool before a reload.
// The end of connections from that time is not waited for. What lies in the server's sockets is executed when the
// server goes on. What the kernel still had to send arrived within DrainTime, or a longer --timeout
// (loop.LimitUnsent).
//
// Nothing is waited for where a fence has shown that nothing is left of that process.
func (p *Pool) quarantine(i int) time.Duration {
	if p.tenure != nil {
		return 0 // a fence has made sure of that
	}
	if !p.Loop.VIP && p.sentBy[i].IsZero() && p.Loop.Fences.Clear(p.records[i].Name) {
		return 0
	}
	late, sent := max(DrainTime, p.Config.Timeout), p.Loop.Started
	if p.sentBy[i].After(sent) {
		sent = p.sentBy[i]
	}
	return Quarantine + max(0, late-time.Since(sent))
}

// Disconnected ejects a server whose connection has failed. A connection that ended while no request was in flight,
// because the server closed it or has moved, is made again at once.
func (p *Pool) Disconnected(c *backend.Conn, err error, idle bool) {
	p.Engine.Forget()
	if errors.Is(err, backend.ErrShutdown) || errors.Is(err, backend.ErrForbidden) || p.lacks(err) {
		return
	}
	i := p.byConn[c]
	before := p.Health.Server(i).State
	moved := errors.Is(err, backend.ErrMoved) || errors.Is(err, backend.ErrReplaced)
	switch {
	case p.again != nil && !(idle && moved && before == failover.Up):
		p.lost(i, before, err, idle)
	case idle && before == failover.Up:
		if errors.Is(err, backend.ErrClosed) {
			p.Loop.Registry.Idle(p.records[i])
		}
		c.Connect()
	case p.Health.ConnectionFailure(i, c.Stats.Replies, p.Loop.L.Now()):
		p.gone(i, before, err)
	case before == failover.Up: // it has some failures left
		if c.Missed() {
			c.Connect()
		}
	case !errors.Is(err, backend.ErrTimeout): // which ends a connection that stood, see TimedOut
		p.Loop.Registry.Absent(p.records[i], err) // the attempt to return has failed
	}
	p.later()
}

// lacks reports whether a server cannot be used in this part, although nothing is wrong with it: it lacks the
// database. Then its requests fail with that error, and the part is ended soon, so that the next one tries again.
func (p *Pool) lacks(err error) bool {
	var refused *hello.NotReady
	if !errors.As(err, &refused) || !refused.Chosen {
		return false
	}
	p.lacking = true
	return true
}

// lost handles the end of a connection to server i of a Sole pool, or of an attempt to make one. before is the state
// of the server at that time.
func (p *Pool) lost(i int, before failover.State, err error, idle bool) {
	c := p.Conns[i]
	how := failover.Refused
	switch stood := c.Lasted() > 0; {
	case errors.Is(err, backend.ErrConnect), stood && !idle && backend.MayGoOn(err):
		how = failover.Silent
	case stood:
		how = failover.Broken
	case errors.Is(err, loop.ErrNoAddress):
		how = failover.Unknown
	}
	next := p.Health.Lost(i, how, c.Lasted(), p.Loop.L.Now())
	switch {
	case next.Ejected:
		p.gone(i, before, err)
	case !p.Health.Usable(i):
		p.Loop.Registry.Away(p.records[i])
	case idle:
		p.Loop.Registry.Idle(p.records[i])
	default:
		p.Loop.Registry.Broken(p.records[i], err)
	}
	if next.Now {
		c.Connect()
	}
	if next.At != 0 {
		p.Loop.L.SetAt(p.again[i], next.At)
	}
}

// TimedOut counts a missed deadline. If it was one too many, the connection is closed, and all requests in flight are
// lost.
func (p *Pool) TimedOut(c *backend.Conn) {
	i := p.byConn[c]
	err := c.Err()
	before := p.Health.Server(i).State
	if p.Health.SoftFailure(i, c.Stats.Replies, p.Loop.L.Now()) {
		p.gone(i, before, err)
		c.Close(err)
	}
}

// TakeOut takes a server out of use because of err, unless it is out of use already.
func (p *Pool) TakeOut(i int, err error) {
	before := p.Health.Server(i).State
	if p.Health.HardFailure(i, p.Loop.L.Now()) {
		p.gone(i, before, err)
	}
}

// gone reports to the registry that a server was ejected. The first loop that ejects a server counts it for all loops.
func (p *Pool) gone(i int, before failover.State, err error) {
	p.Engine.Gone(i)
	if p.repair != nil {
		p.repair.end()
	}
	p.moveKeys()
	if before != failover.Up {
		p.Loop.Registry.Absent(p.records[i], err) // it was not back yet
		return
	}
	p.shown[i].since = time.Now().UnixMicro()
	planned := errors.Is(err, errMoved) || errors.Is(err, errInherited)
	first := p.Loop.Registry.Ejected(p.records[i], err, planned)
	if planned { // which is no outage
		return
	}
	p.shown[i].ejectedAt = time.Now().UnixMicro()
	if first {
		p.shown[i].ejections++
	}
}

// Alive is called when a probe has got an answer from the server at an address.
func (p *Pool) Alive(i int, at loop.Endpoint) {
	if p.Loop.Yielding {
		p.Loop.Registry.Absent(p.records[i], errYielding) // is probed on
		return
	}
	for _, v := range p.variants {
		v.Alive(i, at)
	}
	if !p.Health.Usable(i) {
		p.Conns[i].Prefer(at)
		p.Conns[i].Connect()
	}
}
