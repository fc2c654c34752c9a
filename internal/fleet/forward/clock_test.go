package forward

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	const second = time.Second
	var c Clock
	before := func(what string, now, theirs time.Duration, want bool) {
		t.Helper()
		if got := c.Before(now, theirs); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	before("nothing is known", 0, 100*second, false)
	c.Sample(10*second, 500*second) // the other's clock is ahead by 490 s, or by less
	before("in time", 11*second, 502*second, true)
	before("too late", 11*second, 501*second, false)
	c.Sample(9*second, 400*second) // an older one
	before("as before", 11*second, 501*second, false)
}
