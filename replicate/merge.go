package replicate

import "magent/ascii"

// merge answers the client, all fragments being there: last in the fragment slot, the others in m.replies.
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
	case m.lost > 0 && (c.e.Backups != nil || m.lost == len(m.owner)):
		c.fail() // a pool without backups returns the hits that there are
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

// cursors is the replies of all fragments.
func (c *Call) cursors(slot uint16, last []byte) [][]byte {
	f := &c.e.frags
	f.cursors = append(f.cursors[:0], c.many.replies...)
	if slot != lost {
		f.cursors[slot] = last
	}
	return f.cursors
}

// MergeValues writes the VALUE blocks of the replies in the order of keys, and END. owner says for each key in
// which reply its block is to be found, if it was a hit. Servers reply in the order of their keys, so it is the
// next one there or missing. The elements of replies are moved along: they are left behind the blocks that were
// taken.
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
