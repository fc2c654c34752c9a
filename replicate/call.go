package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/internal/hot"
	"magent/internal/undecided"
	"magent/internal/underway"
	"magent/replicate/decide"
)

// slotTouch is the slot of the first touch that accompanies a gat. Each key has one touch, in the order of the keys.
// The slots of a pair are call.Lead and call.Follow; fragments of a retrieval count from 0. A session asks for only a
// few keys in one Call, so the ranges never overlap.
const slotTouch = 1 << 15

// Call is one request in the engine. It contains what memcached and Redis calls share (call.Call), what all plans
// need, and the state of its own plan.
type Call struct {
	call.Call
	e *Engine

	op     ascii.Op
	plan   decide.Plan
	quiet  bool
	tokens bool // the reply contains cas tokens, which must be tagged
	echoes bool // the reply repeats the key (flag k), exactly as it is in c.key
	shape  ascii.Shape

	lead   int       // the server that led the key when the request was sent; -1: none
	follow int       // the server of the other copy; -1: none
	sent   [2]uint64 // by slot: failover.Dirty.Seq of the server when the request was sent

	key  []byte // copy of the key
	head []byte // copy of the command line, if it may be needed again
	body []byte // copy of the value, if it may be needed again

	retry     bool        // PlanRead: the first copy could not answer, so the other one was asked
	anew      bool        // PlanRead: a copy was asked again because it had held a wrong value
	mutation              // PlanMutate, PlanCompare, PlanDrop
	fill      bool        // PlanRead: no client asks, but the memory
	owed      bool        // PlanMutate: it belongs to a request that was accepted, and is sent in any case
	gone      bool        // no server could answer
	late      ascii.Reply // that has to wait (late.go); Raw is Held
	lateOf    int         // the server whose it is
	waits     *Call       // the next get that waits for the same read (memory.go); nil: none
	many      *retrieval  // PlanRetrieve; nil: this Call never carried one out
	Unflushed []int       // PlanFlush: the servers that missed it; the engines of other loops need to know
}

// mutation is the part of a Call that is needed to change a key on two copies.
type mutation struct {
	leadOutcome, followOutcome decide.Outcome

	said       bool // the lead was the first to answer, and its word counted then
	lacked     bool // the lead had the key's value when the other copy was asked, which may have lacked it
	overdue    bool // the lead has not answered in time, but goes on: clients may read what it makes of the mutation
	traits     decide.Traits
	binary     bool   // PlanCompare: the key is sent in base64
	flushEpoch uint64 // Engine.FlushEpoch when the mutation was sent

	mark     hot.Mark              // in memory; 0: none
	closes   bool                  // PlanFlush: memory is closed until it ends
	atOnce   bool                  // PlanFlush: it was sent, and takes effect at once
	replaces uint64                // PlanFlush: Engine.Delays when it was sent
	counted  undecided.Mark[*Call] // where it counts as undecided
	noted    underway.Slot
	order    *order // the order that it holds, or is queued in, or both; nil: neither
	holds    bool   // the lead must not change before the mutation is settled; it counts in order.held
	queued   bool   // it is in the queue of order: the other copy has not got it yet
	behind   *Call  // the next one in that queue; nil if it is the last one, or not queued
}

// mayLack reports whether the other copy may have lacked the value that a late lead had. What it says was never so: a
// client may have read by now what the lead has made of the mutation.
func (c *Call) mayLack() bool { return c.lacked && c.overdue }

// at returns the server of a slot; -1: none.
func (c *Call) at(slot uint16) int {
	if slot == call.Lead {
		return c.lead
	}
	return c.follow
}

// backupLeads reports whether a backup leads.
func (c *Call) backupLeads() bool { return c.lead >= c.e.NumPrimaries }
