package session

import (
	"sync"
	"time"
)

// complainEvery bounds how often one and the same complaint is logged.
const complainEvery = 10 * time.Second

// complaints remembers when what was logged, so that what clients do cannot flood the log.
type complaints struct {
	mu   sync.Mutex
	seen map[string]*complaint
}

type complaint struct {
	last    time.Time
	skipped int
}

// Complain logs what clients do wrong, or what is too much, once in a while with the number of times. what must be one
// of a fixed set of sentences.
func (g *Group) Complain(what string) {
	c := &g.complaints
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
	now := time.Now()
	if now.Sub(m.last) < complainEvery {
		m.skipped++
		return
	}
	g.Log.Warn().Int("repeated", m.skipped).Msg(what)
	m.last, m.skipped = now, 0
}

// Complaints is how often that was complained of since it was last quiet, logged or not.
func (g *Group) Complaints(what string) int {
	c := &g.complaints
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.seen[what]; m != nil {
		return 1 + m.skipped
	}
	return 0
}
