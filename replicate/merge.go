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
	c.Held = ascii.MergeValues(c.Held[:0], m.keys, m.owner, cursors)
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

// settleTouches deletes the keys that a backup has touched but the primary does not have. Otherwise such a value would
// live on, on the backup alone. slot and last are those of merge.
func (c *Call) settleTouches(slot uint16, last []byte) {
	e, m := c.e, c.many
	cursors := c.cursors(slot, last)
	for i, o := range m.owner {
		if o == lost || c.ofBackup(o) {
			continue
		}
		key, found := m.key(i), false
		if _, cursors[o], found = ascii.CutValue(cursors[o], key); found {
			continue
		}
		if m.touch[i] == touchFound {
			_, b := e.PairOf(m.hashes[i])
			e.MarkDiverged(b, key)
		}
	}
	clear(cursors)
}

// ofBackup reports whether a fragment was asked of a backup.
func (c *Call) ofBackup(id uint16) bool { return int(c.many.asked[id].server) >= c.e.NumPrimaries }
