package decide

import "magent/ascii"

// Answer tells whose reply the client gets.
type Answer uint8

const (
	AnswerLead Answer = iota
	AnswerFollow
	AnswerError // neither copy could answer
)

// Outcome is what one copy made of a mutation.
type Outcome struct {
	Kind   ascii.Kind // ascii.Lost: no reply, or not asked because it is down
	Number uint64     // incr, decr, ma: the new number; mg: the digest of the reply
	// Untouched: with ascii.Lost, it has certainly not carried it out, for it never got it
	Untouched bool
}

// Executed reports whether a copy has carried out the mutation, or answered that the key does not allow it.
func (o Outcome) Executed() bool { return o.Kind != ascii.Lost && !o.Kind.Refused() }

// Unasked is the outcome of a copy that gets nothing.
var Unasked = Outcome{Untouched: true}

// Verdict on a mutation that went to both copies.
type Verdict struct {
	Answer Answer

	LeadMissed   bool // the lead missed what the other copy carried out: the key is dirty on it
	FollowMissed bool // the other copy missed it, or has another value: the key is dirty on it
}

// Swapped returns the verdict with the roles of the two copies exchanged.
func (v Verdict) Swapped() Verdict {
	v.LeadMissed, v.FollowMissed = v.FollowMissed, v.LeadMissed
	switch v.Answer {
	case AnswerLead:
		v.Answer = AnswerFollow
	case AnswerFollow:
		v.Answer = AnswerLead
	}
	return v
}

// Judge compares what the two copies of a pair made of a mutation. removes means that nothing is left of the key,
// whatever the answer is. Its test has the whole table.
func Judge(removes bool, lead, follow Outcome) Verdict {
	switch {
	case lead.Kind == ascii.Lost && follow.Kind == ascii.Lost:
		// The client is told that nobody knows. So the value of before is as good as any, where it certainly is. Which
		// of two copies counts that may have missed it is for the repair to say.
		return Verdict{Answer: AnswerError, LeadMissed: !lead.Untouched, FollowMissed: !follow.Untouched}
	case lead.Kind == ascii.Lost:
		return Verdict{Answer: AnswerFollow, LeadMissed: true}
	case follow.Kind == ascii.Lost:
		return Verdict{Answer: AnswerLead, FollowMissed: true}
	case removes: // the key is gone on both copies, unless one refused the command
		return Verdict{Answer: AnswerLead, FollowMissed: follow.Kind.Refused() && !lead.Kind.Refused()}
	}
	// One such difference is a set that the lead refused for its size or for lack of memory. The lead has then dropped
	// the old value, so the other copy must not keep the new one.
	return Verdict{Answer: AnswerLead, FollowMissed: lead != follow}
}

// OutcomeOf returns what has to be compared of a reply with that of the other copy.
func OutcomeOf(op ascii.Op, r *ascii.Reply) Outcome {
	o := Outcome{Kind: r.Kind, Untouched: r.Kind == ascii.Lost && r.Unsent}
	switch {
	case r.Kind == ascii.Number:
		o.Number = r.Number
	case r.Kind == ascii.MetaVA && op == ascii.OpMetaArith:
		o.Number = ascii.MetaNumber(r.Raw)
	case op == ascii.OpMetaGet && (r.Kind == ascii.MetaVA || r.Kind == ascii.MetaHD):
		o.Number = digest(r.Raw)
	}
	return o
}
