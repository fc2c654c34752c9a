package registry

import (
	"time"

	"golang.org/x/time/rate"
)

// progressEvery is the shortest time between two log lines that a server is being filled, or cannot be, and that it
// goes and comes all the time.
const progressEvery = 10 * time.Second

// Each absence of a server has a line in the log when it begins and one when it ends, and is an event of each kind. A
// server that goes and comes many times a second would fill the log and push all other events out. So only the first
// few absences are told, and then one in progressEvery. Of the others those that last are told late.

// burst is how many absences in a row are told at once.
const burst = 10

// calm decides which absences of a server are told.
type calm struct {
	lines  *rate.Limiter
	silent bool // the present absence has not been told
	untold int  // absences that were not told since the last one that was
}

func newCalm() calm { return calm{lines: rate.NewLimiter(rate.Every(progressEvery), burst)} }

// begin begins an absence, and reports whether to tell it. What an operator has caused is always told.
func (c *calm) begin(planned bool) bool {
	if c.silent = !planned && !c.lines.Allow(); c.silent {
		c.untold++
	}
	return !c.silent
}

// late reports whether to tell the present absence now, which was not told when it began.
func (c *calm) late() bool {
	if c.lines.Allow() {
		c.silent = false
		c.untold--
	}
	return !c.silent
}

// told returns how many absences were not told since the last call.
func (c *calm) told() int {
	n := c.untold
	c.untold = 0
	return n
}
