package distribute

import (
	"math"

	"magent/internal/call"
)

// plan is the way in which a command is carried out.
type plan uint8

const (
	planCommand  plan = iota // by one server
	planTransact             // by one server, a transaction
	planFanout               // by several servers, whose replies are merged
	planSeek                 // by one server after the other, until one has something
	planScan                 // by the server that the cursor names
	planAsk                  // by one server after the other, until one answers
	planRead                 // by a replica, or else by its master
)

// elsewhere returns when a command may be sent to another server because the first one cannot be asked or has failed.
func (p plan) elsewhere() call.Elsewhere {
	switch p {
	case planSeek: // any server can carry it out, but it may change something
		return call.Unsent
	case planAsk:
		return call.Always
	}
	return call.Never
}

// Call is one command in the engine. It contains what all calls share (call.Call), and the state of its plan.
type Call struct {
	call.Call
	e      *Engine
	plan   plan
	server int // the server that was asked last

	queued int     // planTransact: the number of its commands
	parts  *fanout // planFanout; nil: this Call never carried one out
	search search  // planSeek, planAsk, planRead
	fresh  bool    // no replica may answer it
	cursor cursor  // planScan
}

// Fresh has the call answered by no replica, so that it shows all writes before it.
func (c *Call) Fresh() { c.fresh = true }

// fail tells the client that the server could not answer, and why. The reason is in the log, too.
func (c *Call) fail() {
	if c.Answered() {
		return
	}
	c.e.Count.Errors++
	c.Held = append(c.e.AppendFailure(c.Held[:0], c.ConnTo(c.server), c.Fullness(call.Lead)), "\r\n"...)
	c.Finish(c.Held)
}

// search is the state of a command that is sent to one server after the other.
type search struct {
	raw  []byte // the command
	left int    // the number of servers that have not been asked
}

// cursor is the position of a SCAN. The client's cursor is the one of a server, times the number of servers, plus the
// index of the server. So it means the same in every proxy of the pool, and after a restart.
type cursor struct {
	server uint64 // the index of the server
	all    uint64 // the number of servers
}

// next returns the client's next cursor, given the one that the server has returned. 0 is the end. ok is false if the
// result does not fit into 64 bits.
func (s cursor) next(inner uint64) (next uint64, ok bool) {
	switch {
	case inner == 0 && s.server+1 == s.all:
		return 0, true
	case inner == 0:
		return s.server + 1, true
	case inner > (math.MaxUint64-s.server)/s.all:
		return 0, false
	}
	return inner*s.all + s.server, true
}
