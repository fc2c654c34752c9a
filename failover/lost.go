package failover

import "time"

// A pool whose servers have no other copies, and whose keys do not move, has nothing to go to while a server is away.
// There (Options.Sole) a lost connection is no reason to wait for a probe: the server is connected again at once, and
// then by the requests that need it.

// Loss tells how a connection ended, or an attempt to make one.
type Loss uint8

const (
	Broken  Loss = iota // a connection was closed or reset
	Refused             // an attempt was answered by a refusal or an error, or could not begin
	Unknown             // nobody knows its address
	Silent              // there was no answer in time, or the server may still read what it was sent
)

const (
	firstPause = time.Millisecond
	maxPause   = 50 * time.Millisecond
	// calm is how long a connection has to last so that the pauses begin anew.
	calm = maxPause
	// eager is how many attempts in a row are made without a request: for 1.3 s.
	eager = 30
)

// Next says what follows a loss.
type Next struct {
	Ejected bool  // the loss has ejected the server
	Now     bool  // connect at once
	At      int64 // connect at this loop time, even if there is no request; 0: do not
}

// Lost records that the connection to server i of a Sole pool ended at now. lasted is how long it was established, and
// 0 for an attempt. While the server stays Up, requests wait for the attempt that follows.
func (m *Machine) Lost(i int, how Loss, lasted time.Duration, now int64) (next Next) {
	s := &m.servers[i]
	m.must(m.opt.Sole, "a loss where there are other copies")
	if s.State == Drained {
		return next
	}
	s.trying = false
	if lasted >= calm {
		s.tries, s.next = 0, 0
	}
	due := now >= s.next
	s.tries++
	s.next = now + int64(pauseAfter(s.tries))
	switch {
	case s.State == Ejected && s.cause == taken:
	case s.State != Up && s.State != Ejected: // it was being repaired
		m.change(s, Ejected, now)
		next.Ejected = true
	case how == Broken && s.State == Up && due:
		next.Now = true
	default:
		if s.State == Up {
			m.change(s, Ejected, now)
			next.Ejected = true
		}
		if s.cause = absent; how == Silent {
			s.cause = hung
			next.Now = due
		}
		if !next.Now && (s.cause == hung || how != Unknown && s.tries <= eager) {
			next.At = s.next
		}
	}
	m.check(s)
	return next
}

// pauseAfter returns the pause after so many attempts in a row have failed: 1 ms, 2 ms, and so on up to 50 ms.
func pauseAfter(tries int) time.Duration {
	return min(firstPause<<min(tries-1, 6), maxPause)
}

// Attempt asks whether server i, which is ejected, may be connected to at now. With wait, requests wait for that
// attempt; one may be under way already. again is the loop time from which on the next attempt is allowed; 0: no
// request can have this server connected.
func (m *Machine) Attempt(i int, now int64) (connect, wait bool, again int64) {
	s := &m.servers[i]
	switch {
	case s.State != Ejected || s.cause == taken:
		return false, false, 0
	case s.trying:
		return false, true, 0
	case now < s.next:
		return false, false, s.next
	}
	s.trying = s.cause == absent
	m.check(s)
	return true, s.trying, 0
}
