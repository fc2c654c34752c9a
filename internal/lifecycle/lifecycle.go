// Package lifecycle is how a session with a client goes on and ends: its phases, what is known of both ends of the
// connection, and what comes next at the end of a turn. All of it is pure functions of plain values.
package lifecycle

// Phase is how far a session has come to its end. It only moves forward (Next).
type Phase uint8

const (
	Open      Phase = iota // requests are read and served
	Ending                 // nothing more is read; what was read is served and answered
	Closing                // nothing more is served, but the rest of a long multi-get; what was asked is answered
	Lingering              // all is sent; what the client still sends is thrown away until it ends
	Failed                 // the socket is dead, or the client is given up; the turn ends with the close
	Closed                 // it is not among the shard's sessions; calls under way go on without it
)

// Event is what brings a session nearer to its end.
type Event uint8

const (
	InputEnds   Event = iota // nothing more is to be read
	ServiceEnds              // nothing more is to be served
	OutputEnds               // all is answered and sent, and the client's end is waited for
	ClientLost               // nothing can be sent, or nothing is to be sent
	SocketCloses
)

// Next returns the phase after an event.
func (p Phase) Next(e Event) Phase {
	switch {
	case p == Closed || e == SocketCloses:
		return Closed
	case p == Failed || e == ClientLost:
		return Failed
	case p == Lingering || e == OutputEnds:
		return Lingering
	case p == Closing || e == ServiceEnds:
		return Closing
	}
	return Ending
}

// Reading is what becomes of what the client sends.
type Reading uint8

const (
	Flowing Reading = iota // it is served as it arrives
	Paused                 // requests wait until there is room, or until an answer is there
	Yielded                // they wait for the next turn; others come first
)

// Writing tells when the session will be flushed.
type Writing uint8

const (
	Idle Writing = iota // it will not: there is nothing to send
	Late                // when the loop has nothing else to do
	Soon                // at the end of this turn
)

// Peer is what is known of the client's end of the connection.
type Peer uint8

const (
	There      Peer = iota // it may send requests
	HalfClosed             // it sends nothing more, but reads
	Gone                   // it has hung up; what it has sent is served, and nothing is written
)

// Situation is what decides about the next step, once everything was sent that could be.
type Situation struct {
	Phase    Phase
	Reading  Reading
	Peer     Peer
	Full     bool // paused: there is no room yet
	Answered bool // nobody waits for an answer
	Sent     bool // and nothing for the socket
}

// Step is what comes next.
type Step uint8

const (
	Stay   Step = iota // nothing: something else will have the session flushed again
	LineUp             // wait for its turn among the clients of the pool
	Resume             // serve what waits
	ReadOn             // read what a client that has gone has left behind; the loop does not tell of it any more
	Leave              // end in good order
	Give               // close, whatever is left
)

// Next is the table of steps.
func (s Situation) Next() Step {
	switch {
	case s.Phase == Failed:
		return Give
	case s.Phase >= Lingering || s.Reading == Yielded:
		return Stay
	case s.Reading == Paused && s.Full:
		return LineUp
	case s.Reading == Paused:
		return Resume
	case s.Phase == Open && s.Peer == Gone:
		return ReadOn
	case s.Phase != Open && s.Answered && s.Sent:
		return Leave
	}
	return Stay
}
