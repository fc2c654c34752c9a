package replicate

import (
	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
)

// A gat reads one copy and sets the expiration time on both: it is accompanied by a touch of the other copy.

// touchBackups touches the backup of every key whose primary is readable. If mutations of a key are queued (order), a
// separate request touches both copies, because the touch has to join the queue (touchApart).
func (c *Call) touchBackups() {
	e, m := c.e, c.many
	for i := range m.owner {
		key := m.key(i)
		p, b := e.PairOf(m.hashes[i])
		x := e.orders.of(key)
		queue := x != nil && x.first != nil
		if queue && e.Full(p) == backend.HasRoom && e.Full(b) == backend.HasRoom {
			m.touch[i] = touchApart
		} else if b >= 0 && e.Health.Readable(p) {
			if queue {
				x.spoiled = true
			}
			e.Hide(b, key)
			e.line = ascii.AppendTouch(e.line[:0], key, m.exptime)
			if c.send(b, slotTouch+uint16(i), e.line, nil, ascii.ShapeLine) {
				m.touch[i] = touchSent
			} else {
				e.MarkMissed(b, key)
			}
		}
	}
}

// touchApart touches the keys whose mutations are queued. They are being read by now: the new time may have passed,
// and a gat answers with what was there before.
func (c *Call) touchApart() {
	m := c.many
	for i, t := range m.touch {
		if t == touchApart {
			touch := c.e.NewCall(nobodyListens{})
			touch.owed = true
			c.e.Do(touch, &ascii.Request{Op: ascii.OpTouch, Key: m.key(i), Exptime: m.exptime})
		}
	}
}

// onTouch handles the reply to the touch of the i-th key on its backup.
func (c *Call) onTouch(i int, r *ascii.Reply) {
	m := c.many
	switch r.Kind {
	case ascii.Touched:
		m.touch[i] = touchFound
	case ascii.Lost:
		_, b := c.e.PairOf(m.hashes[i])
		c.e.MarkMissed(b, m.key(i))
	}
	if c.Waiting() == 0 {
		c.merge(lost, nil)
	}
}

// nobodyListens is the client of a request that no client has made.
type nobodyListens struct{}

func (nobodyListens) Answer(c *call.Call, _ []byte) { c.Release() }
