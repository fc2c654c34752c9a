package shard

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

// complain logs what clients do wrong, or what is too much, once in a while with the number of times. what must be one
// of a fixed set of sentences.
func (svc *Service) complain(what string) {
	c := &svc.complaint
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
	svc.log.Warn().Int("repeated", m.skipped).Msg(what)
	m.last, m.skipped = now, 0
}
