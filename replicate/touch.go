package replicate

import (
	"magent/ascii"
	"magent/backend"
	"magent/internal/call"
)

// A gat reads one copy and sets the expiration time on both: it is accompanied by a touch of the other copy.

// touch is the state of the touch that accompanies a gat, for one key.
type touch uint8

const (
	notTouched touch = iota // not sent
	touchSent               // sent to the backup
	touchFound              // the backup has the key
	touchApart              // a request of its own touches both copies, so the gat only has to read
)

// maxTouchLine bounds the command line of a gat, in bytes. More keys go to another fragment. memcached closes the
// connection if a line is longer than 2048 bytes, unless it is a get or gets.
const maxTouchLine = 2000

// touches reports whether a retrieval sets the expiration time of its keys.
func touches(op ascii.Op) bool { return op == ascii.OpGat || op == ascii.OpGats }

// touchBackups touches the backup of every key whose primary is readable. If mutations of a key are queued (order), a
// separate request touches both copies, because the touch has to join the queue.
func (c *Call) touchBackups() {
	e, m := c.e, c.many
	i := 0
	for key, rest := ascii.NextKey(m.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		p, b := e.Pair(key)
		x := e.orders.of(key)
		queue := x != nil && x.first != nil
		if queue && e.Full(p) == backend.HasRoom && e.Full(b) == backend.HasRoom {
			m.touch[i] = touchApart
			e.Do(e.NewCall(nobodyListens{}), &ascii.Request{Op: ascii.OpTouch, Key: key, Exptime: m.exptime})
		} else if b >= 0 && e.Health.Readable(p) {
			if queue {
				x.spoiled = true
			}
			e.line = ascii.AppendTouch(e.line[:0], key, m.exptime)
			if c.send(b, slotTouch+uint16(i), e.line, nil, ascii.ShapeLine) {
				m.touch[i] = touchSent
			} else {
				e.MarkMissed(b, key)
			}
		}
		i++
	}
}

// onTouch handles the reply to the touch of the i-th key on its backup.
func (c *Call) onTouch(i int, r *ascii.Reply) {
	m := c.many
	switch r.Kind {
	case ascii.Touched:
		m.touch[i] = touchFound
	case ascii.Lost:
		key := m.key(i)
		_, b := c.e.Pair(key)
		c.e.MarkMissed(b, key)
	}
	if c.Waiting() == 0 {
		c.merge(lost, nil)
	}
}

// nobodyListens is the client of a request that no client has made.
type nobodyListens struct{}

func (nobodyListens) Answer(c *call.Call, _ []byte) { c.Release() }

// readOnly returns op without the touch.
func readOnly(op ascii.Op) ascii.Op {
	if op == ascii.OpGats {
		return ascii.OpGets
	}
	return ascii.OpGet
}

// settleTouches deletes the keys that a backup has touched but the primary does not have. Otherwise such a value would
// live on, on the backup alone. slot and last are those of merge.
func (c *Call) settleTouches(slot uint16, last []byte) {
	e, m := c.e, c.many
	cursors := c.cursors(slot, last)
	keys := m.keys
	var key []byte
	for i, o := range m.owner {
		key, keys = ascii.NextKey(keys)
		if o == lost || c.ofBackup(o) {
			continue
		}
		if found, _, after := ascii.NextValue(cursors[o]); string(found) == string(key) {
			cursors[o] = after
		} else if m.touch[i] == touchFound {
			_, b := e.Pair(key)
			e.MarkDiverged(b, key)
		}
	}
	clear(cursors)
}
