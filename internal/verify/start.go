package verify

import "time"

// Start is when a server's process was started, as far as its answer to stats tells: not before Earliest, and not
// after Latest. Both are times of our own clock.
type Start struct{ Earliest, Latest time.Time }

// uptimeError is by how much memcached's uptime is too long at most. It begins with 2, and counts whole seconds.
const uptimeError = 2 * time.Second

// startOf returns the start of a server that answered with this uptime, in seconds. It was asked after asked, and the
// answer was there at answered.
func startOf(uptime int, asked, answered time.Time) Start {
	age := time.Duration(uptime) * time.Second
	return Start{Earliest: asked.Add(-age), Latest: answered.Add(uptimeError - age)}
}

// after reports whether s is certainly later than the other start.
func (s Start) after(other Start) bool { return s.Earliest.After(other.Latest) }

// hasLost reports whether the process cannot have held a copy that another server has. That copy was stored or last
// used idle seconds before now, and certainly before the process was started.
func (s Start) hasLost(idle int64, now time.Time) bool {
	return now.Add(-time.Duration(idle) * time.Second).Before(s.Earliest)
}
