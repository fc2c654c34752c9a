package decide

// Shown is what the client has seen of the reply to a long multi-get.
type Shown uint8

const (
	nothing Shown = iota // no piece was answered yet
	values               // a piece was answered; its values are shown, if there were any
	refusal              // a piece was an error, and so the end of the reply
)

// Show is what the client gets to see of the reply to a piece.
type Show uint8

const (
	ShowNone   Show = iota
	ShowAll         // the whole reply
	ShowLoss        // the whole reply: an error for all pieces, which is counted here
	ShowValues      // the reply without END
	ShowEnd         // END alone
)

// Next returns what to show of the reply to a piece, and what has been shown then. last: it is the last piece. lost:
// no server could answer for it; that counts as misses, unless all pieces are lost. complete: the reply ends with END
// and is no error.
func (w Shown) Next(last, lost, complete bool) (Show, Shown) {
	what, then := ShowValues, values
	switch {
	case w == refusal:
		what, then = ShowNone, refusal
	case lost && !last:
		what, then = ShowNone, w
	case lost && w == values:
		what = ShowEnd
	case lost:
		what = ShowLoss
	case !complete:
		what, then = ShowAll, refusal
	case last:
		what = ShowAll
	}
	if last {
		then = nothing // the next multi-get begins
	}
	return what, then
}
