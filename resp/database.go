package resp

import (
	"math"
	"slices"
)

// errNoInt32 is Redis's answer to a number that is none of its int.
const errNoInt32 = "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n"

// Database reads the number of a database, the argument of SELECT. If it cannot be one, errReply is Redis's error
// line.
func Database(arg []byte) (n int, errReply string) {
	switch long, ok := parseInt(arg); {
	case !ok:
		return 0, errNotInteger
	case long < math.MinInt32 || long > math.MaxInt32:
		return 0, errNoInt32
	case long < 0:
		return 0, "-ERR DB index is out of range\r\n"
	default:
		return int(long), ""
	}
}

// OtherDB reports whether a request to a command that is for Two databases concerns a second one.
func (c *Command) OtherDB(args [][]byte) bool {
	return c.special != specialCopy ||
		slices.ContainsFunc(args[3:], func(option []byte) bool { return equalFold(option, "db") })
}
