package repair

import "magent/ascii"

// phase is how far the copy of a key has come.
type phase uint8

const (
	reading phase = iota // the value is asked for
	writing              // it was read, and is on its way to the server
	over                 // something else has taken its place: what comes is of no interest
)

// step is what a copy does upon a reply.
type step uint8

const (
	ignore    step = iota // nothing
	putOff                // read the key another time: both copies are still used, and one of them was only slow
	readAgain             // what was read may be out of date by now
	write                 // write what was read
	retry                 // nobody knows what became of it: the key stays dirty, and is made good once more
	filled                // the server has the key, this one or a newer one
	cleaned               // the key is good
	giveUp                // delete the key: the other copy has not got it, or has gone, or it cannot be written
)

// situation is what the next step depends on.
type situation struct {
	phase     phase
	fill      bool // the server lacked the key, and it is not dirty
	single    bool // no resync waits for it
	again     bool // the key was marked, or deleted, since it was read
	overtaken bool // a mutation has passed since it was read or written
	flushed   bool // another loop's flush_all may come, or have come, between the reading and the writing
	usable    bool // the server takes requests
	reply     ascii.Kind
	tried     [giveUp]bool // by step: it was tried upon this reply, and could not be done
}

// next is the table of what a copy does. putOff, readAgain and write may turn out not to be possible; then it is
// asked again, with that in tried. giveUp always is.
func next(s situation) step {
	lost, wrote, value := s.reply == ascii.Lost, s.phase == writing, s.reply == ascii.MetaVA
	may := func(what step) bool { return !s.tried[what] }
	switch {
	case s.phase == over:
		return ignore

	// Nobody knows what became of it.
	case lost && (!wrote || s.fill) && may(putOff):
		return putOff
	case wrote && s.fill && s.again && s.single && s.usable && may(readAgain):
		return readAgain // it is deleted behind what was written
	case lost && wrote && !s.fill:
		return retry
	case lost:
		return giveUp

	// It was written, or was not, because there is a newer one.
	case wrote && s.fill:
		return filled
	case wrote && s.reply == ascii.MetaHD && !s.again && !s.flushed:
		return cleaned

	// A newer value, or a flush_all, may lie between what was read and what is written.
	case (s.overtaken || s.flushed && (wrote || value)) && may(readAgain):
		return readAgain
	case value && !wrote && !s.overtaken && !s.flushed && may(write):
		return write
	}
	return giveUp
}
