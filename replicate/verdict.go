package replicate

import "magent/ascii"

// answer says whose reply the client gets.
type answer uint8

const (
	answerLead answer = iota
	answerFollow
	answerError // neither copy could answer
)

// outcome is what one copy made of a mutation.
type outcome struct {
	kind   ascii.Kind // ascii.Lost: no reply, or not asked because it is away
	number uint64     // incr, decr, ma: the new number; mg: a digest of the reply
}

// verdict on a mutation that went to both copies.
type verdict struct {
	answer answer

	leadMissed   bool // the lead missed what the other copy took: it is dirty for the key
	followMissed bool // the other copy missed it, or holds something else: it is dirty for the key
}

// swapped is the verdict on a pair whose copies were given to judge the other way round.
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

// judge is the table "Mutations" of the contract, for a pair whose outcomes are lead and follow. removes: nothing
// is left of the key, whatever was answered.
func judge(removes bool, lead, follow outcome) verdict {
	switch {
	case lead.kind == ascii.Lost && follow.kind == ascii.Lost:
		return verdict{answer: answerError, leadMissed: true, followMissed: true}
	case lead.kind == ascii.Lost:
		return verdict{answer: answerFollow, leadMissed: true}
	case follow.kind == ascii.Lost:
		return verdict{answer: answerLead, followMissed: true}
	case removes: // on both, unless one refused the command
		return verdict{answer: answerLead, followMissed: follow.kind.Refused() && !lead.kind.Refused()}
	}
	// Among the differences: a set that the lead refused for its size or for want of memory. It has dropped its old
	// value then, and the other copy must not keep the new one.
	return verdict{answer: answerLead, followMissed: lead != follow}
}
