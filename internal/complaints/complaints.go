// Package complaints remembers what was logged when, so that clients cannot flood the log.
package complaints

import (
	"sync"
	"time"
)

// complainEvery is the shortest time between two lines in the log about the same complaint.
const complainEvery = 10 * time.Second

// Book remembers when a complaint was logged last. All loops share it. Its lock is taken when something is refused,
// never for a good request. The zero value is empty.
type Book struct {
	mu   sync.Mutex
	seen map[string]*complaint
}

type complaint struct {
	last    time.Time
	skipped int
}

// Note counts a complaint at the time now. It reports whether to log it, and how many were not logged since the last.
func (c *Book) Note(what string, now time.Time) (skipped int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]*complaint{}
	}
	m := c.seen[what]
	if m == nil {
		m = &complaint{}
		c.seen[what] = m
	}
	if now.Sub(m.last) < complainEvery {
		m.skipped++
		return 0, false
	}
	skipped = m.skipped
	m.last, m.skipped = now, 0
	return skipped, true
}

// Count returns how many complaints of this kind there were since the last one that was logged, including that.
func (c *Book) Count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.seen[what]; m != nil {
		return 1 + m.skipped
	}
	return 0
}
