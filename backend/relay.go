package backend

import (
	"time"

	"magent/internal/fleet/forward"
	"magent/internal/loop"
)

// A member of a fleet that does not decide hands its requests to the owner, who does, over a connection like that to a
// server. It differs in this:
//
//   - Somebody else makes it (Maker), because it may be secured, and because nobody may decide at the moment. Requests
//     are collected meanwhile, each for at most Options.ConnectTimeout.
//   - The bytes of requests are kept until they are answered (Backlog). When the connection ends, those that may be
//     sent again go to the next owner, in order (relink.go). What becomes of the others is said by forward.Fates.
//   - Marks stand between requests and replies (package forward): until when requests may be carried out, the question
//     for this side's clock, and the word of an owner that he decides no more.
//
// The connection is never down between its beginning and Shut: it is connecting, greeting (the owner's first question
// has not come), or ready.

const (
	// relinkPause is the time between two attempts to connect to an owner, if the last one was in vain. It doubles
	// each time, up to relinkMost, until an owner answers, or Over tells of a new view.
	relinkPause = 4 * time.Millisecond
	relinkMost  = 64 * time.Millisecond
	// returnTime is how long an owner that is one no more has to give back what it has not carried out.
	returnTime = 500 * time.Millisecond
)

// relayed is what a Conn has if it goes to owners.
type relayed struct {
	forward.Backlog // of all requests in fifo; with MaxUnsent bytes the connection is Full

	closed  func() // of the connection that there is, Link.Closed; nil: there is none, or nobody asks
	epoch   uint64 // of the owner at the other end, or of the last one
	over    uint64 // owners of this epoch and earlier ones decide no more
	making  bool   // Made will be called
	leaving bool   // the owner is one no more: it gets no more requests, and has until grace fires to give back
	asked   bool   // the owner wants to know the time
	lostAt  int64  // loop time when the last connection ended
	// After the end of a connection that the other side may not have seen, the same owner gets requests again when the
	// drains have ended, or when it is safeAt: whatever was sent there is too late then. blind: there is no drain.
	blind  bool
	safeAt int64
	again  *loop.Timer   // the next attempt
	pause  time.Duration // before it, or before the last one; 0: an owner has answered, or the view is new
	grace  *loop.Timer
	mark   []byte // scratch
}
