package replicate

import "magent/ascii"

// merge answers the client when all fragments have been answered. last is the reply to the fragment slot; the other
// replies are in m.replies. If the last fragment has no reply, slot is lost and last is nil.
func (c *Call) merge(slot uint16, last []byte) {
	m := c.many
	if c.Answered() {
		return
	}
	if touches(c.op) && c.e.Backups != nil && m.refused.Raw == nil {
		c.settleTouches(slot, last)
	}
	switch {
	case m.refused.Raw != nil:
		c.finish(m.refused.Kind, m.refused.Raw)
		return
	case m.lost > 0 && (!c.e.Partial() || m.lost == len(m.owner)):
		c.fail()
		return
	}
	c.e.countRetrieval(c.op, len(m.owner), m.hits)
	if len(m.replies) == 1 && last != nil {
		c.finish(ascii.Values, last)
		return
	}
	cursors := c.cursors(slot, last)
	c.Held = MergeValues(c.Held[:0], m.keys, m.owner, cursors)
	clear(cursors)
	c.finish(ascii.Values, c.Held)
}

// cursors returns the replies of all fragments, by slot. It is valid until the next call; its elements may be changed.
func (c *Call) cursors(slot uint16, last []byte) [][]byte {
	f := &c.e.frags
	f.cursors = append(f.cursors[:0], c.many.replies...)
	if slot != lost {
		f.cursors[slot] = last
	}
	return f.cursors
}

// MergeValues appends to dst the VALUE blocks of replies in the order of keys, and END. keys are separated by spaces.
// owner has for each key the index of the reply that has its block, if it was a hit; an index beyond replies means
// that nobody was asked.
//
// A server replies in the order of its keys, so the block of a key is the next one in its reply, or missing. Each
// element of replies is advanced past the blocks that were taken.
func MergeValues(dst, keys []byte, owner []uint16, replies [][]byte) []byte {
	for i := 0; ; i++ {
		var key []byte
		if key, keys = ascii.NextKey(keys); len(key) == 0 {
			return append(dst, "END\r\n"...)
		}
		o := owner[i]
		if int(o) >= len(replies) {
			continue
		}
		found, block, after := ascii.NextValue(replies[o])
		if string(found) == string(key) {
			dst = append(dst, block...)
			replies[o] = after
		}
	}
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

// ofBackup reports whether a fragment was asked of a backup.
func (c *Call) ofBackup(id uint16) bool { return int(c.many.asked[id].server) >= c.e.NumPrimaries }
