package replicate

import "magent/ascii"

// attempt says of which copies of a key a fragment of a retrieval was asked in vain.
type attempt uint8

const (
	attemptNone   attempt = iota // of none: the key is asked for the first time
	attemptLead                  // of the lead
	attemptFollow                // of the other one, or of a server that has no copy of the key any more
)

// choice is the copy that a key is read from.
type choice uint8

const (
	chooseNobody choice = iota
	chooseLead
	chooseFollow
)

// next chooses a copy. lead and follow say which of the two may be read. The copy that was tried already is chosen
// only if the other may not be read, and if anew is set. follow does not matter where the lead is chosen anyway.
func (a attempt) next(anew, lead, follow bool) choice {
	switch {
	case a == attemptLead && follow:
		return chooseFollow
	case a == attemptLead && !anew:
		return chooseNobody
	case lead:
		return chooseLead
	case follow && (a == attemptNone || anew):
		return chooseFollow
	}
	return chooseNobody
}

// fragmentReply is what becomes of a fragment depends on.
type fragmentReply struct {
	kind     ascii.Kind
	foreign  bool // Values: it has a key that was not asked for
	outdated bool // Values: a value is known to have been wrong
	final    bool // no other server may be asked: this one is the second, or there is no backup
}

// fragmentStep is what happens upon the reply.
type fragmentStep uint8

const (
	fragmentTake     fragmentStep = iota // its values go into the answer
	fragmentDistrust                     // the connection is out of step; the loss of the fragment follows
	fragmentRefused                      // an error line: it is the answer to all keys
	fragmentAsk                          // the other copies are asked
	fragmentAskAnew                      // the same, or this server once more where that cannot be
	fragmentGiveUp                       // nobody can answer for these keys
)

// next is the table of what happens upon a reply.
func (r fragmentReply) next() fragmentStep {
	values := r.kind == ascii.Values
	switch {
	case values && r.foreign:
		return fragmentDistrust
	case values && !r.outdated:
		return fragmentTake
	case !values && r.kind != ascii.Lost:
		return fragmentRefused
	case r.final:
		return fragmentGiveUp
	case values:
		return fragmentAskAnew
	}
	return fragmentAsk
}
