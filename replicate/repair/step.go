package repair

import "magent/ascii"

// phase is how far the copying of a key has come.
type phase uint8

const (
	reading phase = iota // the value has been asked for
	writing              // the value was read, and has been sent to the server
	over                 // it is replaced by another copying, or a flush_all: its reply is ignored
)

// step is what a copying does upon a reply.
type step uint8

const (
	ignore    step = iota // nothing
	putOff                // read the key later: both servers are still used, and one was only slow
	readAgain             // read the key again: the value may be out of date
	write                 // write the value that was read
	retry                 // repair the key once more: nobody knows whether the value was written
	filled                // end: the server has this value, or a newer one
	cleaned               // end: the key is clean
	giveUp                // end: delete the key. It cannot be read or written, or the other copy lacks it
)

// situation is what the next step depends on.
type situation struct {
	phase     phase
	fill      bool // the server lacked the key; it is not dirty
	single    bool // no resync waits for it
	again     bool // the key became dirty again, or was deleted, after it was read
	overtaken bool // a mutation was sent after the key was read or written
	flushed   bool // another loop's flush_all may take effect between the read and the write
	usable    bool // the server gets requests
	reply     ascii.Kind
	tried     [giveUp]bool // by step: it was tried upon this reply, and was not possible
}

// next returns what a copying does upon a reply. If putOff, readAgain or write turns out to be impossible, next is
// called again with that step in tried. giveUp is always possible.
func next(s situation) step {
	lost, wrote, value := s.reply == ascii.Lost, s.phase == writing, s.reply == ascii.MetaVA
	may := func(what step) bool { return !s.tried[what] }
	switch {
	case s.phase == over:
		return ignore

	// Nobody knows what the server did.
	case lost && (!wrote || s.fill) && may(putOff):
		return putOff
	case wrote && s.fill && s.again && s.single && s.usable && may(readAgain):
		return readAgain // the deletion was sent after the write
	case lost && wrote && !s.fill:
		return retry
	case lost:
		return giveUp

	// The value was written, or was refused because there is a newer one.
	case wrote && s.fill:
		return filled
	case wrote && s.reply == ascii.MetaHD && !s.again && !s.flushed:
		return cleaned

	// A newer value, or a flush_all, may have come between the read and the write.
	case (s.overtaken || s.flushed && (wrote || value)) && may(readAgain):
		return readAgain
	case value && !wrote && !s.overtaken && !s.flushed && may(write):
		return write
	}
	return giveUp
}
