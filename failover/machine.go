package failover

import (
	"magent/internal/fault"
)

// State is what a server may be used for.
type State uint8

const (
	// Up: used for everything.
	Up State = iota
	// Ejected: used for nothing until a probe succeeds.
	Ejected
	// Returning: it takes mutations again, but is not read before what it missed has been made good.
	Returning
	// Warming: the same; it came back without its contents, and gets them from the other copies.
	Warming
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
	}
	return "unknown"
}

// leadsTo has the states that may follow each state.
var leadsTo = [...][Warming + 1]bool{
	Up:        {Ejected: true},
	Ejected:   {Returning: true},
	Returning: {Ejected: true, Warming: true, Up: true},
	Warming:   {Ejected: true, Up: true},
}

// Server is one server as a loop sees it. The rules that stand at its fields are checked after each change
// (Machine.check).
type Server struct {
	State State // changes as leadsTo says: an ejected server is not used again before it has been Returning
	Since int64 // when State began, loop time in nanoseconds; never goes back

	known    Greeting // what it said when the last connection that stood began
	answered uint64   // replies that it had given by then; it never has given fewer later
	met      bool     // there was one, or Remember has named it
	reached  bool     // there was one, in this machine or in one before, whether or not it said who it is
	failures int      // soft failures in a row, fewer than Options.Limit; none when it is ejected
	replies  uint64   // replies seen at the last soft failure
}

// Machine is the state of all servers of a pool, by index. The zero value has no servers.
type Machine struct {
	servers []Server
	opt     Options
}

// Options say what ejects a server.
type Options struct {
	// Limit is how many soft failures in a row do; less than 1 acts as 1.
	Limit int
	// Patient has a connection that fails count like a missed deadline, instead of ejecting at once. It is for
	// pools whose keys move to other servers when one is ejected, where that must not happen over a single reset.
	Patient bool
	// Strict has what cannot be be a panic: in tests. So it is with -race and with -tags faults.
	Strict bool
}

// NewMachine returns a machine of n servers, all up.
func NewMachine(n int, opt Options) *Machine {
	opt.Limit = max(1, opt.Limit)
	return &Machine{servers: make([]Server, n), opt: opt}
}

// Server returns the server with index i, to be read.
func (m *Machine) Server(i int) *Server { return &m.servers[i] }

// Usable reports whether requests may go to server i.
func (m *Machine) Usable(i int) bool { return m.servers[i].State != Ejected }

// Readable reports whether server i may be read: whether what it holds is what it should hold.
func (m *Machine) Readable(i int) bool {
	return m.servers[i].State == Up || fault.Dirty && m.Usable(i)
}

// SoftFailure notes that a reply deadline of server i passed at now. replies is the number of replies that the
// server has given so far; when it has grown since the last soft failure, the row of failures starts anew. It
// reports whether the server has just been ejected.
func (m *Machine) SoftFailure(i int, replies uint64, now int64) (ejected bool) {
	s := &m.servers[i]
	if s.State == Ejected {
		return false
	}
	if replies != s.replies {
		s.failures = 0
	}
	s.replies = replies
	if s.failures++; s.failures >= m.opt.Limit {
		m.change(s, Ejected, now)
	}
	m.check(s)
	return s.State == Ejected
}

// HardFailure notes that the connection of server i failed at now. It reports whether that has ejected the server.
func (m *Machine) HardFailure(i int, now int64) (ejected bool) {
	s := &m.servers[i]
	if s.State == Ejected {
		return false
	}
	m.change(s, Ejected, now)
	return true
}

// ConnectionFailure is HardFailure, or, with Options.Patient, SoftFailure.
func (m *Machine) ConnectionFailure(i int, replies uint64, now int64) (ejected bool) {
	if m.opt.Patient {
		return m.SoftFailure(i, replies, now)
	}
	return m.HardFailure(i, now)
}

// Return begins to make good what server i missed, which was ejected. It reports whether it was.
func (m *Machine) Return(i int, now int64) (changed bool) {
	s := &m.servers[i]
	if s.State != Ejected {
		return false
	}
	m.change(s, Returning, now)
	return true
}

// Warm notes that server i, which is returning, gets its contents from the other copies now.
func (m *Machine) Warm(i int, now int64) {
	if s := &m.servers[i]; s.State == Returning {
		m.change(s, Warming, now)
	}
}

// Readmit makes server i up again, which was returning or warming. It reports whether it was. One that is ejected
// cannot have been made good, and stays ejected.
func (m *Machine) Readmit(i int, now int64) (changed bool) {
	s := &m.servers[i]
	m.must(s.State != Ejected, "a server is readmitted that is ejected")
	if s.State == Up || s.State == Ejected {
		return false
	}
	m.change(s, Up, now)
	return true
}

// change is where states change.
func (m *Machine) change(s *Server, to State, now int64) {
	m.must(leadsTo[s.State][to], "a server that is "+s.State.String()+" becomes "+to.String())
	m.must(now >= s.Since, "time goes back")
	s.State, s.Since = to, now
	if to == Ejected || to == Up {
		s.failures = 0
	}
	m.check(s)
}

// check looks whether the rules at the fields hold.
func (m *Machine) check(s *Server) {
	m.must(0 <= s.failures && s.failures < m.opt.Limit, "a server fails more often than it may, and is not ejected")
	m.must(s.State != Ejected || s.failures == 0, "failures of an ejected server count")
	m.must(s.reached || !s.met, "a server was met, but never reached")
}

// must panics with what is broken, where that is looked for.
func (m *Machine) must(holds bool, rule string) {
	if !holds && (fault.Strict || m.opt.Strict) {
		panic("failover: " + rule)
	}
}
