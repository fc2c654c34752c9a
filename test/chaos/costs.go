package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"magent/test/harness"
)

// costs is what faults have cost clients, by their kind: from the beginning of a fault to that of the next one.
type costs struct {
	kinds map[string]*cost
	now   *cost
}

// cost is what the faults of one kind have cost.
type cost struct {
	faults  int
	replies int
	errors  map[string]int // error lines
	slow    int            // good answers that took longer than slowReply
	longest time.Duration  // until a good answer
	slowest string         // says which one that was
	lost    time.Duration  // the longest until an error
}

// slowReply is when an answer counts as a slow one.
const slowReply = 300 * time.Millisecond

func (c *costs) begin(kind string) {
	if c.kinds == nil {
		c.kinds = map[string]*cost{}
	}
	if c.kinds[kind] == nil {
		c.kinds[kind] = &cost{errors: map[string]int{}}
	}
	c.now = c.kinds[kind]
	c.now.faults++
}

// note counts a reply, and how long it took. which says of what: a slow one is looked up in the logs of the members.
func (c *costs) note(d time.Duration, reply string, which func() string) {
	if c.now == nil {
		return
	}
	c.now.replies++
	switch {
	case harness.IsError(reply):
		c.now.errors[strings.TrimSpace(reply)]++
		c.now.lost = max(c.now.lost, d)
	default:
		if d > c.now.longest {
			c.now.longest, c.now.slowest = d, which()
		}
		c.now.slow += b2i(d > slowReply)
	}
}

// String is a table, a line for each kind, followed by its error lines.
func (c *costs) String() string {
	var text strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		k := c.kinds[kind]
		n := 0
		for _, times := range k.errors {
			n += times
		}
		fmt.Fprintf(&text, "\n%-12s %3d faults %8d replies %6d errors, after %v at most; ",
			kind, k.faults, k.replies, n, k.lost.Round(time.Millisecond))
		fmt.Fprintf(&text, "%d took over %v, the longest %v", k.slow, slowReply, k.longest.Round(time.Millisecond))
		if k.longest > slowReply {
			fmt.Fprintf(&text, ": %s", k.slowest)
		}
		for _, line := range slices.Sorted(maps.Keys(k.errors)) {
			fmt.Fprintf(&text, "\n             %6d %s", k.errors[line], line)
		}
	}
	return text.String()
}
