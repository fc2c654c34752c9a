package replicate

import "magent/ascii"

// answer says whose reply the client gets.
type answer uint8

const (
	answerPrimary answer = iota
	answerBackup
	answerError // neither copy could answer
)

// outcome is what one copy made of a mutation.
type outcome struct {
	kind   ascii.Kind // ascii.Lost: no reply, or not asked because it is away
	number uint64     // incr, decr, ma: the new number; mg: a digest of the reply
}

// verdict on a mutation that went to both copies.
type verdict struct {
	answer  answer
	primary bool // the primary missed what the backup took: it is dirty for the key
	backup  bool // the backup missed it, or holds something else: it is dirty for the key
}

// swapped is the verdict on a pair whose copies were given to judge the other way round.
func (v verdict) swapped() verdict {
	v.primary, v.backup = v.backup, v.primary
	switch v.answer {
	case answerPrimary:
		v.answer = answerBackup
	case answerBackup:
		v.answer = answerPrimary
	}
	return v
}

// judge is the table "Mutations" of the contract, for a pair whose outcomes are p and b. removes: nothing is left of the key,
// whatever was answered.
func judge(removes bool, p, b outcome) verdict {
	switch {
	case p.kind == ascii.Lost && b.kind == ascii.Lost:
		return verdict{answer: answerError, primary: true, backup: true}
	case p.kind == ascii.Lost:
		return verdict{answer: answerBackup, primary: true}
	case b.kind == ascii.Lost:
		return verdict{answer: answerPrimary, backup: true}
	case removes: // on both, unless one refused the command
		return verdict{answer: answerPrimary, backup: b.kind.Refused() && !p.kind.Refused()}
	}
	// Among the differences: a set that the primary refused for its size or for want of memory. It has dropped its old
	// value then, and the backup must not keep the new one.
	return verdict{answer: answerPrimary, backup: p != b}
}
