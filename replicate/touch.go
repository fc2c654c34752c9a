package replicate

import (
	"magent/ascii"
	"magent/internal/call"
)

// A gat reads at one copy and gives the item a new time at both: the other copy is touched beside it.

// touch is how far the touch that goes to the backup of a key beside a gat has come.
type touch uint8

const (
	notTouched touch = iota // not sent
	touchSent
	touchFound // the backup has the key
	touchApart // both copies are asked to touch it by a request of its own: what is left is to read it
)

// maxTouchLine is where the line of a gat is continued in another fragment. memcached closes a connection over a
// line of more than 2048 bytes, unless it is a get or gets.
const maxTouchLine = 2000

// touches reports whether a retrieval gives its keys a new exptime.
func touches(op ascii.Op) bool { return op == ascii.OpGat || op == ascii.OpGats }

// touchBackups gives the backup of every key whose primary will be asked the new exptime, too. Where there is a
// queue, the touch has to take its place in it.
func (c *Call) touchBackups() {
	e, m := c.e, c.many
	i := 0
	for key, rest := ascii.NextKey(m.keys); len(key) > 0; key, rest = ascii.NextKey(rest) {
		p, b := e.Pair(key)
		x := e.orders.of(key)
		queue := x != nil && x.first != nil
		if queue && !e.Full(p) && !e.Full(b) {
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

// nobodyListens is the client of a request that nobody has made.
type nobodyListens struct{}

func (nobodyListens) Answer(c *call.Call, _ []byte) { c.Release() }

// readOnly is op without the touch.
func readOnly(op ascii.Op) ascii.Op {
	if op == ascii.OpGats {
		return ascii.OpGets
	}
	return ascii.OpGet
}

// settleTouches deletes the keys that a backup has touched and the primary does not have: such a value would live on.
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
