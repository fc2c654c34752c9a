package call

// progress is how far a call has come. It goes back to its engine when it is over; the engine must not lose it
// before, nor use it again.
type progress struct {
	waiting  int  // replies that are due: up with each that was asked for, down with each that came; never below 0
	busy     bool // the engine is at work on it further up the stack, and looks itself whether it is over
	answered bool // the client has its answer; it gets no other one. False again only when the call is used anew
	released bool // the client has no more use for it: it is told nothing any more
}

// Begin notes that the engine is at work on the call, so that nobody takes it back meanwhile. End ends that.
func (p *progress) Begin() { p.busy = true }

// End ends Begin. The engine looks now whether the call is over.
func (p *progress) End() { p.busy = false }

// Await notes that one more reply is due.
func (p *progress) Await() { p.waiting++ }

// Arrived notes that a reply has come, or that it is not waited for any more.
func (p *progress) Arrived() { p.waiting-- }

// Waiting is the number of replies that are due.
func (p *progress) Waiting() int { return p.waiting }

// Answered reports whether the client has its answer.
func (p *progress) Answered() bool { return p.answered }

// Settled reports whether the engine has nothing left to do for the call.
func (p *progress) Settled() bool { return p.answered && p.waiting == 0 && !p.busy }

// Over reports whether nobody needs the call any more. It is over, too, when it has got a reply too many (Waiting
// is less than 0): that is the engine's to notice.
func (p *progress) Over() bool { return p.released && p.answered && p.waiting <= 0 && !p.busy }
