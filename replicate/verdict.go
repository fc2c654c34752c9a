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
	number uint64     // incr, decr, ma: the new number
}

// verdict on a mutation that went to both copies.
type verdict struct {
	answer  answer
	primary bool // the primary missed what the backup took: it is dirty for the key
	backup  bool // the backup missed it, or holds something else: it is dirty for the key
}

// judge is the table "Mutations" of the contract, for a pair whose outcomes are p and b.
func judge(op ascii.Op, p, b outcome) verdict {
	switch {
	case p.kind == ascii.Lost && b.kind == ascii.Lost:
		return verdict{answer: answerError, primary: true, backup: true}
	case p.kind == ascii.Lost:
		return verdict{answer: answerBackup, primary: true}
	case b.kind == ascii.Lost:
		return verdict{answer: answerPrimary, backup: true}
	case op == ascii.OpDelete || op == ascii.OpMetaDelete:
		// Both have lost the key, whatever they answered, unless one refused the command.
		return verdict{answer: answerPrimary, backup: failed(b.kind) && !failed(p.kind)}
	}
	// Among the differences: a set that the primary refused for its size or for want of memory. It has dropped its old
	// value then, and the backup must not keep the new one.
	return verdict{answer: answerPrimary, backup: p != b}
}

// failed reports whether a server has refused a command rather than executed it.
func failed(k ascii.Kind) bool {
	return k == ascii.Error || k == ascii.ClientError || k == ascii.ServerError
}
