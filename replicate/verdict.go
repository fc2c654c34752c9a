package replicate

import "magent/ascii"

// answer tells whose reply the client gets.
type answer uint8

const (
	answerLead answer = iota
	answerFollow
	answerError // neither copy could answer
)

// outcome is what one copy made of a mutation.
type outcome struct {
	kind   ascii.Kind // ascii.Lost: no reply, or not asked because it is down
	number uint64     // incr, decr, ma: the new number; mg: the digest of the reply
	// untouched: with ascii.Lost, it has certainly not carried it out, for it never got it
	untouched bool
}

// unasked is the outcome of a copy that gets nothing.
var unasked = outcome{untouched: true}

// verdict on a mutation that went to both copies.
type verdict struct {
	answer answer

	leadMissed   bool // the lead missed what the other copy carried out: the key is dirty on it
	followMissed bool // the other copy missed it, or has another value: the key is dirty on it
}

// swapped returns the verdict with the roles of the two copies exchanged.
func (v verdict) swapped() verdict {
	v.leadMissed, v.followMissed = v.followMissed, v.leadMissed
	switch v.answer {
	case answerLead:
		v.answer = answerFollow
	case answerFollow:
		v.answer = answerLead
	}
	return v
}

// judge compares what the two copies of a pair made of a mutation. removes means that nothing is left of the key,
// whatever the answer is. Its test has the whole table.
func judge(removes bool, lead, follow outcome) verdict {
	switch {
	case lead.kind == ascii.Lost && follow.kind == ascii.Lost:
		// The client is told that nobody knows. So the value of before is as good as any, where it certainly is.
		return verdict{answer: answerError, leadMissed: !lead.untouched, followMissed: !follow.untouched}
	case lead.kind == ascii.Lost:
		return verdict{answer: answerFollow, leadMissed: true}
	case follow.kind == ascii.Lost:
		return verdict{answer: answerLead, followMissed: true}
	case removes: // the key is gone on both copies, unless one refused the command
		return verdict{answer: answerLead, followMissed: follow.kind.Refused() && !lead.kind.Refused()}
	}
	// One such difference is a set that the lead refused for its size or for lack of memory. The lead has then dropped
	// the old value, so the other copy must not keep the new one.
	return verdict{answer: answerLead, followMissed: lead != follow}
}
