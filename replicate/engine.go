package replicate

import (
	"magent/failover"
	"magent/internal/call"
	"magent/internal/loop"
	"magent/internal/undecided"
	"magent/replicate/repair"
)

// Options configures an Engine.
type Options struct {
	Repair     repair.Options
	AckPrimary bool // a mutation is answered as soon as the lead has answered
	Memory     Memory
}

// Engine carries out the requests of one loop on one pool. The repair.Engine in it repairs the servers that missed
// some.
type Engine struct {
	*call.Servers
	*repair.Engine
	ackPrimary bool
	refusal    []byte // the answer to all requests; nil: see gone

	free   loop.Free[Call]
	line   []byte // scratch: a command line being written
	plain  []byte // scratch: a reply without the value
	frags  fragments
	orders orders

	undecided *undecided.Table[*Call] // mutations that have not come to an end on both copies
	patient   bool                    // reads wait for those of their keys (late.go)
	copied    map[string]*copied      // keys that are being copied to a server that is up, if patient
	memory    memory

	casTags []casTag // by server: what its cas tokens are tagged with
	tagged  []byte   // scratch: a reply with tagged tokens
}

// New returns an engine for servers.
func New(servers *call.Servers, opt Options) *Engine {
	e := &Engine{Servers: servers, ackPrimary: opt.AckPrimary, free: loop.NewFree[Call](servers.Spare)}
	e.undecided = undecided.New[*Call]()
	e.copied = map[string]*copied{}
	e.Engine = repair.New(servers, opt.Repair, e)
	e.orders = newOrders(e.broken, servers.Strict)
	e.memory.Memory = opt.Memory
	e.frags.of = make([]int, 2*len(e.Conns))
	e.casTags = make([]casTag, len(e.Conns))
	return e
}

// copied is a key that is being copied to a server that came to another result. Until then only one copy has it.
type copied struct {
	server int // to which it is copied
	mark   undecided.Mark[*Call]
	n      int // how often it is under way
}

// Trim releases spare calls and buffers that were not needed since the last call of Trim.
func (e *Engine) Trim() {
	e.free.Trim()
	e.Engine.Trim()
}

// casTag is the tag of a server's tokens, and the identity from which it was made.
type casTag struct {
	of   failover.Identity
	bits uint64
}

// broken handles a violated invariant, which is a bug. The key becomes dirty on both copies, so that neither value is
// trusted.
func (e *Engine) broken(what string, key []byte) {
	e.Broken(what, key)
	p, b := e.Pair(key)
	e.MarkMissed(p, key)
	e.MarkMissed(b, key)
}
