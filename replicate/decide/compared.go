package decide

import "magent/ascii"

// Compared is what the second step of a mutation with a token depends on, once the lead has replied, or is lost.
type Compared struct {
	Leads  bool       // the server that was asked still leads the key
	Reply  ascii.Kind // its reply
	Stales bool       // Traits.Stales
	Unsent bool       // the second step was tried, and could not be sent
}

// SecondStep is what becomes of the other copy, and of the answer.
type SecondStep uint8

const (
	StepNone    SecondStep = iota // the lead refused: the answer is the lead's, and the other copy stays as it is
	StepSend                      // the other copy gets the mutation without its condition; then both are judged
	StepDiscard                   // the other copy is deleted: it cannot get the same; the answer is the lead's
	StepMissed                    // the other copy missed it; the answer is the lead's
	StepUnknown                   // the lead may have carried it out: its copy is dirty, and the other one decides
)

// Next is the table of second steps. StepSend may turn out not to be possible; then Next is asked again.
func (s Compared) Next() SecondStep {
	switch {
	case !s.Leads || s.Reply == ascii.Lost:
		return StepUnknown
	case !Succeeded(s.Reply):
		return StepNone
	case s.Stales:
		return StepDiscard
	case s.Unsent:
		return StepMissed
	}
	return StepSend
}

// Succeeded reports whether a server carried out a mutation that depends on a cas token.
func Succeeded(k ascii.Kind) bool {
	return k == ascii.Stored || k == ascii.MetaHD || k == ascii.MetaVA
}
