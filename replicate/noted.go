package replicate

import "magent/internal/underway"

// What is under way is noted for the process after this one, in case this one is killed (internal/underway). A key is
// noted before the first copy is asked, together with the server whose word counts. It stays until both copies are
// known to agree, or one is known to be dirty.

// noteKey notes a key of which a mutation is about to be sent. A lead that cannot be asked has no say.
func (e *Engine) noteKey(lead, follow int, key []byte) underway.Slot {
	if !e.Health.Usable(lead) && e.Health.Usable(follow) {
		lead = follow
	}
	return e.Underway.Key(lead, key)
}

// noteKeys notes the keys of a gat.
func (c *Call) noteKeys() {
	e, m := c.e, c.many
	if e.Backups == nil || e.Underway == nil {
		return
	}
	for i := range m.owner {
		lead, follow := c.placeKey(i)
		m.noted = append(m.noted, e.noteKey(lead, follow, m.key(i)))
	}
}
