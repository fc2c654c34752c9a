package pool

import (
	"errors"

	"magent/failover"
	"magent/internal/journal"
	"magent/replicate/repair"
)

// errRecalled is why a server is out of use at the start.
var errRecalled = errors.New("it missed something while a magent before this one ran")

// Recall takes over what an earlier process has recorded of server i: it missed keys, which belong to this loop, and m
// says what else. The server is out of use until it is repaired.
func (p *Pool) Recall(i int, m *journal.Missed, keys []string) {
	p.Health.Remember(i, failover.Greeting{Identity: failover.ParseIdentity(m.Identity)}, len(m.Keys) > 0 || m.All ||
		m.Incomplete)
	if len(keys) == 0 && !m.All && !m.Incomplete {
		return
	}
	p.TakeOut(i, errRecalled)
	p.Recalled[i] = true
	p.Engine.Recall(i, repair.Past{Keys: keys, All: m.All, Flushed: m.Flushed, Incomplete: m.Incomplete})
}
