package session

// phase is how far a session has come to its end. It only moves forward (next).
type phase uint8

const (
	open      phase = iota // requests are read and served
	ending                 // nothing more is read; what was read is served and answered
	closing                // nothing more is served, but for the rest of a long multi-get; what was asked is answered
	lingering              // all is sent; what the client still sends is thrown away until it ends (leave.go)
	failed                 // the socket is dead, or the client is given up; Flush closes the session
	closed                 // it is not among the shard's sessions; calls under way go on without it
)

// event is what brings a session nearer to its end.
type event uint8

const (
	inputEnds   event = iota // nothing more is to be read
	serviceEnds              // nothing more is to be served
	outputEnds               // all is answered and sent, and the client's end is waited for
	clientLost               // nothing can be sent, or nothing is to be sent
	socketCloses
)

// next returns the phase after an event.
func (p phase) next(e event) phase {
	switch {
	case p == closed || e == socketCloses:
		return closed
	case p == failed || e == clientLost:
		return failed
	case p == lingering || e == outputEnds:
		return lingering
	case p == closing || e == serviceEnds:
		return closing
	}
	return ending
}

// reading is what becomes of what the client sends.
type reading uint8

const (
	flowing reading = iota // it is served as it arrives
	paused                 // requests wait in s.Tail until there is room, or until an answer is there
	yielded                // they wait there for the next turn; others come first
)

// writing tells when Flush will be called.
type writing uint8

const (
	idle writing = iota // it will not: there is nothing to send
	late                // when the loop has nothing else to do
	soon                // at the end of this turn
)

// peer is what is known of the client's end of the connection.
type peer uint8

const (
	there      peer = iota // it may send requests
	halfClosed             // it sends nothing more, but reads
	gone                   // it has hung up; what it has sent is served, and nothing is written
)

// place is where a session stands in the line of its pool's Demand.
type place uint8

const (
	apart   place = iota // it is not in the line
	waiting              // it is among Demand.waiting, once
	first                // it has just left the line, and may ask for what it likes; only in Demand.Flush
)

// situation is what Flush decides by, once it has sent what it could.
type situation struct {
	phase    phase
	reading  reading
	peer     peer
	full     bool // paused: there is no room yet
	answered bool // nobody waits for an answer
	sent     bool // and nothing for the socket
}

// step is what Flush does next.
type step uint8

const (
	stay   step = iota // nothing: something else will have Flush called again
	lineUp             // wait for its turn among the clients of the pool
	resume             // serve what waits
	readOn             // read what a client that has gone has left behind; the loop does not tell of it any more
	leave              // end in good order
	give               // close, whatever is left
)

// next is the table of steps.
func (s situation) next() step {
	switch {
	case s.phase == failed:
		return give
	case s.phase >= lingering || s.reading == yielded:
		return stay
	case s.reading == paused && s.full:
		return lineUp
	case s.reading == paused:
		return resume
	case s.phase == open && s.peer == gone:
		return readOn
	case s.phase != open && s.answered && s.sent:
		return leave
	}
	return stay
}
