package member

import (
	"errors"
	"time"

	"magent/internal/fleet/link"
	"magent/internal/pause"
)

// Pauses between the questions to somebody who may be dead. The kernel closes what a process had open one after the
// other, so the first answer may come too early.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 200 * time.Millisecond
	questions  = 30
)

// ended: a link to a member has ended, so its process may be dead.
func (m *Member) ended(name string) {
	m.call(func(time.Duration) {
		v := m.core.View()
		member := v.Member(name)
		if member == nil || member.Incarnation == 0 {
			return
		}
		if who := (suspect{name, member.Incarnation}); !m.proving[who] {
			m.proving[who] = true
			m.done.Add(1)
			go m.prove(who)
		}
	})
}

// prove asks a member's address, until it is sure whether the process runs that had an incarnation before the first
// question. A machine that refuses connections says that no process runs; a process that answers with another
// incarnation says that the one before is over.
func (m *Member) prove(who suspect) {
	defer m.done.Done()
	pauses := pause.NewBackoff(firstPause, lastPause)
	dead, sure := false, false
	for range questions {
		answers, err := m.links.Ask(who.name)
		dead = errors.Is(err, link.ErrRefused) || err == nil && answers != who.incarnation
		if sure = dead || err == nil; sure || pauses.Wait(m.ctx) != nil {
			break
		}
	}
	m.call(func(now time.Duration) {
		delete(m.proving, who)
		if dead {
			m.core.Proven(now, who.name, who.incarnation)
		}
	})
}
