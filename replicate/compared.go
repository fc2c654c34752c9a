package replicate

import "magent/ascii"

// compared is what the second step of a mutation with a token depends on, once the lead has replied, or is lost.
type compared struct {
	leads  bool       // the server that was asked still leads the key
	reply  ascii.Kind // its reply
	stales bool       // traits.stales
	unsent bool       // the second step was tried, and could not be sent
}

// secondStep is what becomes of the other copy, and of the answer.
type secondStep uint8

const (
	stepNone    secondStep = iota // the lead refused: the answer is the lead's, and the other copy stays as it is
	stepSend                      // the other copy gets the mutation without its condition; then both are judged
	stepDiscard                   // the other copy is deleted: it cannot get the same; the answer is the lead's
	stepMissed                    // the other copy missed it; the answer is the lead's
	stepUnknown                   // the lead may have carried it out: its copy is dirty, and the other one decides
)

// next is the table of second steps. stepSend may turn out not to be possible; then next is asked again.
func (s compared) next() secondStep {
	switch {
	case !s.leads || s.reply == ascii.Lost:
		return stepUnknown
	case !succeeded(s.reply):
		return stepNone
	case s.stales:
		return stepDiscard
	case s.unsent:
		return stepMissed
	}
	return stepSend
}

// succeeded reports whether a server carried out a mutation that depends on a cas token.
func succeeded(k ascii.Kind) bool {
	return k == ascii.Stored || k == ascii.MetaHD || k == ascii.MetaVA
}
