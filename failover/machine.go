package failover

import (
	"magent/internal/fault"
)

// State says what a server may be used for.
type State uint8

const (
	// Up: used for everything.
	Up State = iota
	// Ejected: used for nothing until a probe succeeds.
	Ejected
	// Returning: it takes mutations again, but is not read until what it missed is repaired.
	Returning
	// Warming: like Returning. It came back without its contents and is being refilled from the other copies.
	Warming
	// Drained: an operator has taken it out of use. It is used for nothing as long as this machine lasts.
	Drained
)

func (s State) String() string {
	switch s {
	case Up:
		return "up"
	case Ejected:
		return "ejected"
	case Returning:
		return "returning"
	case Warming:
		return "warming"
	case Drained:
		return "drained"
	}
	return "unknown"
}

// cause is why a server is ejected.
type cause uint8

const (
	taken  cause = iota // it was taken out of use, or fails in a pool that is not Sole: it waits for a probe
	hung                // it did not answer: it is connected again without a request
	absent              // it cannot be connected to: the next request has it connected
)

// leadsTo lists the states that may follow each state.
var leadsTo = [...][Drained + 1]bool{
	Up:        {Ejected: true, Drained: true},
	Ejected:   {Returning: true},
	Returning: {Ejected: true, Warming: true, Up: true},
	Warming:   {Ejected: true, Up: true},
	Drained:   {},
}

// Server is one server as a loop sees it. Machine.check asserts the rules at its fields after each change.
type Server struct {
	State State // changes as leadsTo says: an ejected server has to be Returning before it is Up
	Since int64 // when State began, in nanoseconds of loop time; never goes back

	known    Greeting // what it reported when the last connection was established
	answered uint64   // number of its replies at that time; later ones are never fewer
	met      bool     // a connection was established, or Remember has given its Identity
	// reached: a connection was established, in this machine or an earlier one, whether or not
	// the server has an Identity
	reached  bool
	failures int    // soft failures in a row, fewer than Options.Limit; 0 while ejected
	replies  uint64 // number of its replies at the last soft failure

	cause  cause // of an ejection; taken otherwise
	trying bool  // it is being connected, and requests wait for that; only while it is ejected and absent
	tries  int   // connections in a row that were lost or refused; see Lost
	next   int64 // loop time before which no further attempt is made
}

// Machine has the state of all servers of a pool, by index. The zero value has no servers.
type Machine struct {
	servers []Server
	opt     Options
	changes uint64 // of States
}

// Options say what ejects a server.
type Options struct {
	// Limit is how many soft failures in a row eject a server. Less than 1 counts as 1.
	Limit int
	// Patient makes a failed connection count like a missed deadline, instead of ejecting the server at once. It is
	// for pools whose keys move to other servers after an ejection, which a single reset must not cause.
	Patient bool
	// Sole is for pools whose servers have no other copies, and whose keys do not move: see Lost. It excludes Patient.
	Sole bool
	// Strict makes a broken invariant panic, in tests. With -race and with -tags faults it always does.
	Strict bool
}

// NewMachine returns a machine of n servers, all of them up.
func NewMachine(n int, opt Options) *Machine {
	opt.Limit = max(1, opt.Limit)
	return &Machine{servers: make([]Server, n), opt: opt}
}

// Server returns the server with index i. The caller only reads it.
func (m *Machine) Server(i int) *Server { return &m.servers[i] }

// Changes returns how often a State has changed.
func (m *Machine) Changes() uint64 { return m.changes }

// Usable reports whether requests may go to server i.
func (m *Machine) Usable(i int) bool { return !m.servers[i].out() }

// out reports whether the server is used for nothing.
func (s *Server) out() bool { return s.State == Ejected || s.State == Drained }

// Readable reports whether server i may be read, because it holds what it should hold.
func (m *Machine) Readable(i int) bool {
	return m.servers[i].State == Up || fault.Dirty && m.Usable(i)
}

// SoftFailure records that server i missed a reply deadline at now. replies is the number of its replies
// so far; if that has grown since the last soft failure, the count starts anew. The result says whether
// this has ejected the server.
func (m *Machine) SoftFailure(i int, replies uint64, now int64) (ejected bool) {
	s := &m.servers[i]
	if s.out() {
		return false
	}
	if replies != s.replies {
		s.failures = 0
	}
	s.replies = replies
	if s.failures++; s.failures >= m.opt.Limit {
		m.change(s, Ejected, now)
		if m.opt.Sole {
			s.cause = hung
		}
	}
	m.check(s)
	return s.State == Ejected
}

// Drain takes server i, which was not used yet, out of use for an operator.
func (m *Machine) Drain(i int, now int64) {
	s := &m.servers[i]
	m.must(!s.reached && s.State == Up, "a server is drained that was used")
	m.change(s, Drained, now)
}

// HardFailure records that the connection to server i failed at now, or that the server is taken out of use. The
// result says whether this has ejected the server. No request has it connected then.
func (m *Machine) HardFailure(i int, now int64) (ejected bool) {
	s := &m.servers[i]
	if s.out() {
		s.cause, s.trying = taken, false
		return false
	}
	m.change(s, Ejected, now)
	return true
}

// ConnectionFailure is HardFailure or, with Options.Patient, SoftFailure.
func (m *Machine) ConnectionFailure(i int, replies uint64, now int64) (ejected bool) {
	if m.opt.Patient {
		return m.SoftFailure(i, replies, now)
	}
	return m.HardFailure(i, now)
}

// Return makes an ejected server returning: what it missed is repaired from now on. It returns false if
// the server was not ejected.
func (m *Machine) Return(i int, now int64) (changed bool) {
	s := &m.servers[i]
	if s.State != Ejected {
		return false
	}
	m.change(s, Returning, now)
	return true
}

// Warm makes a returning server warming: it is refilled from the other copies from now on.
func (m *Machine) Warm(i int, now int64) {
	if s := &m.servers[i]; s.State == Returning {
		m.change(s, Warming, now)
	}
}

// Readmit makes a returning or warming server up. It returns false if the server was neither. One that is out of use
// cannot have been repaired, and stays so.
func (m *Machine) Readmit(i int, now int64) (changed bool) {
	s := &m.servers[i]
	m.must(!s.out(), "a server that is out of use is readmitted")
	if s.State == Up || s.out() {
		return false
	}
	m.change(s, Up, now)
	return true
}

// change is the only place that changes a State.
func (m *Machine) change(s *Server, to State, now int64) {
	m.must(leadsTo[s.State][to], "a server goes from "+s.State.String()+" to "+to.String())
	m.must(now >= s.Since, "time goes back")
	s.State, s.Since = to, now
	m.changes++
	s.cause, s.trying = taken, false
	if to == Ejected || to == Up {
		s.failures = 0
	}
	m.check(s)
}

// check asserts the rules at the fields.
func (m *Machine) check(s *Server) {
	m.must(0 <= s.failures && s.failures < m.opt.Limit, "a server at its limit of failures is not ejected")
	m.must(s.State != Ejected || s.failures == 0, "an ejected server has failures")
	m.must(s.cause == taken || m.opt.Sole && s.State == Ejected, "a server has a cause, but is not ejected")
	m.must(!s.trying || s.cause == absent, "requests wait for a server that is not absent")
	m.must(s.reached || !s.met, "a server was met, but never reached")
}

// must panics with the rule if it is broken and assertions are on.
func (m *Machine) must(holds bool, rule string) {
	if !holds && (fault.Strict || m.opt.Strict) {
		panic("failover: " + rule)
	}
}
