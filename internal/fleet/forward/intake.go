package forward

import "time"

// Intake is an owner's end of a connection. It decides about the requests that come over it. Times are of the owner's
// CLOCK_BOOTTIME. The zero value is a new connection.
type Intake struct {
	clock  Clock
	asked  time.Duration // when the open question for the member's clock was asked; 0: none is open
	header Mark          // of the requests that come next; Kind 0: none has come
}

// Admission is what becomes of requests.
type Admission uint8

const (
	CarryOut   Admission = iota
	TooLate              // they are answered with an error
	OtherEpoch           // they are meant for another owner: the connection is given back
	NoHeader             // there was none: no member does that
)

// Ask reports whether a Question is to be asked now. The answer may take its time; until it comes, no other is asked.
func (i *Intake) Ask(now time.Duration) bool {
	if i.asked != 0 {
		return false
	}
	i.asked = now
	return true
}

// Take takes a mark. It reports whether a member may say it now.
func (i *Intake) Take(m Mark) bool {
	switch {
	case m.Kind == Header:
		i.header = m
	case m.Kind == Answer && i.asked != 0:
		i.clock.Sample(i.asked, m.Time)
		i.asked = 0
	default:
		return false
	}
	return true
}

// Admit decides about the requests behind the last header, if this process decides in epoch (0: in none).
func (i *Intake) Admit(now time.Duration, epoch uint64) Admission {
	switch {
	case i.header.Kind == 0:
		return NoHeader
	case i.header.Epoch != epoch:
		return OtherEpoch
	case !i.clock.Before(now, i.header.Time):
		return TooLate
	}
	return CarryOut
}

// LastWord returns the Return for requests of another epoch than the one in which this process decides. If that is an
// earlier one, nothing of it is carried out any more. If it is a later one, this process may still hear that it is the
// owner.
func (i *Intake) LastWord(epoch uint64) Mark {
	if i.header.Epoch > epoch {
		return Mark{Kind: Return}
	}
	return Mark{Kind: Return, Epoch: i.header.Epoch}
}
