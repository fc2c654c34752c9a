package forward

import "time"

// Clock is what is known of the clock of the member at the other end of a link: how late it can be there. An owner
// carries a request out only before the deadline that the sender has set by its own clock, whatever time the
// request took.
type Clock struct {
	asked  time.Duration // here, when the sample was asked for
	theirs time.Duration // there, when it was answered
	known  bool
}

// Sample notes an answer to a question that was asked at a time of this member's clock, with the time that the
// other's clock showed.
func (c *Clock) Sample(asked, theirs time.Duration) {
	if !c.known || asked >= c.asked {
		*c = Clock{asked, theirs, true}
	}
}

// Before tells whether it is certainly earlier than a time by the other's clock. Clocks drift by less than a tenth.
func (c *Clock) Before(now, theirs time.Duration) bool {
	return c.known && c.theirs+(now-c.asked)*11/10 < theirs
}
