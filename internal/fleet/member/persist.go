package member

import (
	"time"

	"magent/internal/fleet/durable"
)

// write has writes made durable, in order.
func (m *Member) write(writes []durable.Write) {
	if len(writes) == 0 {
		return
	}
	m.mu.Lock()
	m.pending = append(m.pending, writes...)
	m.mu.Unlock()
	select {
	case m.writes <- struct{}{}:
	default: // it is awake
	}
}

// persist is the goroutine that writes. All that has come while the medium was busy is written at once.
func (m *Member) persist() {
	defer m.done.Done()
	for {
		select {
		case <-m.ctx.Done():
			return
		case <-m.writes:
		}
		m.mu.Lock()
		writes := m.pending
		m.pending = nil
		m.mu.Unlock()
		if len(writes) == 0 {
			continue
		}
		if err := m.opt.Log.Append(writes); err != nil {
			m.fail(err)
			return
		}
		seq := writes[len(writes)-1].Seq
		m.call(func(now time.Duration) { m.core.Persisted(now, seq) })
	}
}
