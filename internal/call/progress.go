package call

// progress is the state of a call. A call returns to its engine when it is over, and must not be used again before.
type progress struct {
	waiting  int  // the number of replies that are due; never below 0
	busy     bool // the engine is working on the call further up the stack, and will check whether it is over
	answered bool // the client has its answer and gets no other one; reset only for the next use
	released bool // the client does not need the call any more and gets no answer
}

// Begin notes that the engine is working on the call: it is not over before End.
func (p *progress) Begin() { p.busy = true }

// End ends what Begin has begun. The engine must check afterwards whether the call is over.
func (p *progress) End() { p.busy = false }

// Await notes that one more reply is due.
func (p *progress) Await() { p.waiting++ }

// Arrived notes that a reply has arrived, or is not due any more.
func (p *progress) Arrived() { p.waiting-- }

// Waiting returns the number of replies that are due.
func (p *progress) Waiting() int { return p.waiting }

// Answered reports whether the client has its answer.
func (p *progress) Answered() bool { return p.answered }

// Settled reports whether the engine has nothing left to do for the call.
func (p *progress) Settled() bool { return p.answered && p.waiting == 0 && !p.busy }

// Over reports whether nobody needs the call any more. A call that got a reply too many (Waiting is negative) is over,
// too. The engine has to check for that.
func (p *progress) Over() bool { return p.released && p.answered && p.waiting <= 0 && !p.busy }
