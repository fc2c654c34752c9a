package resp

import (
	"math"
	"strconv"
	"time"
)

// WaitOf reports whether a request waits, and for how long at most; 0: without a limit, or the server will refuse what
// stands there. args are those of the request, whose number is right.
func (c *Command) WaitOf(args [][]byte) (most time.Duration, waits bool) {
	switch c.Waits {
	case WaitsLast:
		return duration(args[len(args)-1], time.Second), true
	case WaitsMillis:
		return duration(args[len(args)-1], time.Millisecond), true
	case WaitsFirst:
		return duration(args[1], time.Second), true
	case WaitsBlock:
		for i := 1; i+1 < len(args) && !equalFold(args[i], "streams"); i++ {
			switch {
			case equalFold(args[i], "block"):
				return duration(args[i+1], time.Millisecond), true
			case equalFold(args[i], "group"):
				i += 2
			case equalFold(args[i], "count"), equalFold(args[i], "claim"):
				i++
			}
		}
	}
	return 0, false
}

// duration reads a number of units; 0: it is none, or not positive, or too large to ever pass.
func duration(text []byte, unit time.Duration) time.Duration {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n > 0) || n > float64(math.MaxInt64/2/unit) {
		return 0
	}
	return time.Duration(n * float64(unit))
}
