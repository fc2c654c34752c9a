package session

// shown is what the client has seen of the reply to a long multi-get.
type shown uint8

const (
	nothing shown = iota // no piece was answered yet
	values               // a piece was answered; its values are shown, if there were any
	refusal              // a piece was an error, and so the end of the reply
)

// show is what the client gets to see of the reply to a piece.
type show uint8

const (
	showNone   show = iota
	showAll         // the whole reply
	showLoss        // the whole reply: an error for all pieces, which is counted here
	showValues      // the reply without END
	showEnd         // END alone
)

// next returns what to show of the reply to a piece, and what has been shown then. last: it is the last piece. lost:
// no server could answer for it; that counts as misses, unless all pieces are lost. complete: the reply ends with END
// and is no error.
func (w shown) next(last, lost, complete bool) (show, shown) {
	what, then := showValues, values
	switch {
	case w == refusal:
		what, then = showNone, refusal
	case lost && !last:
		what, then = showNone, w
	case lost && w == values:
		what = showEnd
	case lost:
		what = showLoss
	case !complete:
		what, then = showAll, refusal
	case last:
		what = showAll
	}
	if last {
		then = nothing // the next multi-get begins
	}
	return what, then
}
