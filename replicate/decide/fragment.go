package decide

import "magent/ascii"

// Attempt says of which copies of a key a fragment of a retrieval was asked in vain.
type Attempt uint8

const (
	AttemptNone   Attempt = iota // of none: the key is asked for the first time
	AttemptLead                  // of the lead
	AttemptFollow                // of the other one, or of a server that has no copy of the key any more
)

// Choice is the copy that a key is read from.
type Choice uint8

const (
	ChooseNobody Choice = iota
	ChooseLead
	ChooseFollow
)

// Next chooses a copy. lead and follow say which of the two may be read. The copy that was tried already is chosen
// only if the other may not be read, and if anew is set. follow does not matter where the lead is chosen anyway.
func (a Attempt) Next(anew, lead, follow bool) Choice {
	switch {
	case a == AttemptLead && follow:
		return ChooseFollow
	case a == AttemptLead && !anew:
		return ChooseNobody
	case lead:
		return ChooseLead
	case follow && (a == AttemptNone || anew):
		return ChooseFollow
	}
	return ChooseNobody
}

// FragmentReply is what becomes of a fragment depends on.
type FragmentReply struct {
	Kind     ascii.Kind
	Foreign  bool // Values: it has a key that was not asked for
	Outdated bool // Values: a value is known to have been wrong
	Tries    int  // how often servers were asked for these keys again, before this one was
	Alone    bool // no server may be asked again
}

// final reports whether no server is asked again. What was not answered is asked for at the other copy. Where a
// copy was wrong, its server may be asked after that, too: behind the deletion.
func (r FragmentReply) final() bool {
	most := 1
	if r.Outdated {
		most = 2
	}
	return r.Alone || r.Tries >= most
}

// FragmentStep is what happens upon the reply.
type FragmentStep uint8

const (
	FragmentTake     FragmentStep = iota // its values go into the answer
	FragmentDistrust                     // the connection is out of step; the loss of the fragment follows
	FragmentRefused                      // an error line: it is the answer to all keys
	FragmentAsk                          // the other copies are asked
	FragmentAskAnew                      // the same, or this server once more where that cannot be
	FragmentGiveUp                       // nobody can answer for these keys
)

// Next is the table of what happens upon a reply.
func (r FragmentReply) Next() FragmentStep {
	values := r.Kind == ascii.Values
	switch {
	case values && r.Foreign:
		return FragmentDistrust
	case values && !r.Outdated:
		return FragmentTake
	case !values && r.Kind != ascii.Lost:
		return FragmentRefused
	case r.final():
		return FragmentGiveUp
	case values:
		return FragmentAskAnew
	}
	return FragmentAsk
}
