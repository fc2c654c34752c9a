package failover

import (
	"time"

	"magent/internal/fault"
)

// Contents is a judgement of what a server holds when a connection to it begins.
type Contents uint8

const (
	// Complete: what it held before. It is the same run, or nothing proves otherwise.
	Complete Contents = iota
	// Partial: it may lack keys that its other copies have, but what it holds may be read.
	Partial
	// Doubtful: it is another run, or another server at the same address. What it holds may be out of date or deleted
	// by now, so it must not be read.
	Doubtful
)

// Meeting describes a connection to a server that has just been made.
type Meeting struct {
	Greeting Greeting
	Replies  uint64        // replies of the server so far, over all connections
	Silent   time.Duration // time between the last contact and this connection
	// Empty is how long ago anyone has found the server to hold nothing, in this very run. It is
	// negative if nobody has.
	Empty time.Duration
}

// Meet records who server i is now, and judges what it holds.
//
// A server that is met for the first time is taken as it is, for there is nothing to compare it with. But if it was
// out of use by then, it may have been restarted: then it is Partial.
func (m *Machine) Meet(i int, now Meeting) Contents {
	s := &m.servers[i]
	g, before, met := now.Greeting, m.Last(i, now.Replies), s.met
	s.known, s.answered, s.met, s.reached = g, now.Replies, true, true
	m.check(s)
	switch nobody := (Identity{}); {
	case fault.Identity, g.Identity == nobody && before.Identity == nobody:
		return Complete
	case !met && s.State == Up:
		return Complete
	case !met:
		return Partial
	case g.Continues(before):
		return Complete
	case now.provenEmpty():
		return Partial
	}
	return Doubtful
}

// provenEmpty reports whether everything that the server holds was stored after our last contact.
func (n *Meeting) provenEmpty() bool {
	g := &n.Greeting
	return g.Items == 0 ||
		g.Identity != Identity{} && g.Age() < n.Silent || // it began after our last contact
		n.Empty >= 0 && n.Empty < n.Silent
}

// Remember records what another process or loop knows about server i: its last Greeting (zero if not known),
// and whether it was Reached.
func (m *Machine) Remember(i int, last Greeting, reached bool) {
	s := &m.servers[i]
	s.known, s.answered, s.met = last, 0, last.Identity != Identity{}
	s.reached = reached || s.met
	m.check(s)
}

// Reached reports whether there ever was a connection to server i. If there was none, it holds nothing that a
// client was told is stored.
func (m *Machine) Reached(i int) bool { return m.servers[i].reached }

// Last returns the least that server i would report now if it still were in the run that is known. replies is the
// number of its replies so far. It is for Remember.
func (m *Machine) Last(i int, replies uint64) Greeting {
	s := &m.servers[i]
	m.must(replies >= s.answered, "a server has given fewer replies than before")
	return s.known.After(replies - min(replies, s.answered))
}
