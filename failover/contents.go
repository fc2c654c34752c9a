package failover

import (
	"time"

	"magent/internal/fault"
)

// Contents is what a server may hold when a connection to it begins.
type Contents uint8

const (
	// Complete: what it held before. It is the same run, or nobody knows better.
	Complete Contents = iota
	// Partial: it may lack what its other copies have, but what it holds may be read.
	Partial
	// Doubtful: it is another run, or another memory at the same address, and what it holds may be out of date, or
	// deleted: it must not be read.
	Doubtful
)

// Meeting is a connection to a server that has just been made.
type Meeting struct {
	Greeting Greeting
	Replies  uint64        // that the server has given so far, over all connections
	Silent   time.Duration // since the last contact before this connection
	// Empty is how long ago the server was found to hold nothing, by whomever, in this very run; negative: nobody
	// has found that.
	Empty time.Duration
}

// Meet notes who server i is now, and judges what it may hold.
//
// A server that is met for the first time is taken as it is, for there is nothing to compare it with. But if it was
// out of use by then, it may have been restarted.
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

// provenEmpty reports whether nothing that the server holds was stored before our last contact.
func (n *Meeting) provenEmpty() bool {
	g := &n.Greeting
	return g.Items == 0 ||
		g.Identity != Identity{} && g.Age() < n.Silent || // it began after that
		n.Empty >= 0 && n.Empty < n.Silent
}

// Remember notes who server i was at last, as somebody else knew it, if he did, and whether it was Reached.
func (m *Machine) Remember(i int, last Greeting, reached bool) {
	s := &m.servers[i]
	s.known, s.answered, s.met = last, 0, last.Identity != Identity{}
	s.reached = reached || s.met
	m.check(s)
}

// Reached reports whether a connection to server i has ever stood. One that was never reached holds nothing of what
// clients were told is stored.
func (m *Machine) Reached(i int) bool { return m.servers[i].reached }

// Last is what server i, which has given so many replies so far, would say of itself at least, if it still were in
// the run that is known. It is for Remember.
func (m *Machine) Last(i int, replies uint64) Greeting {
	s := &m.servers[i]
	m.must(replies >= s.answered, "a server has given fewer replies than before")
	return s.known.After(replies - min(replies, s.answered))
}
