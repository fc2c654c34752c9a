package owner

import (
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
)

// What is known of a group is recorded again when a term begins, and when a member joins. A server may have missed
// hundreds of thousands of keys. So that is done in pieces, between which the member goes on (member.Backlog).

// maxPiece is how many entries are recorded at once: they take some milliseconds.
const maxPiece = 500

// tell records again what is known of the groups that this process owns, for a member that joins. What that member
// knows from before, by its own journal for instance, is void if this process decides already.
func (f *Owner) tell(c *core.Core, d core.Decision) {
	incarnation := c.Incarnation()
	// One of them may be another process meanwhile. Then it joins anew.
	gone := func(c *core.Core) bool {
		v := c.View()
		return c.Incarnation() != incarnation || !v.Has(d.Name, d.Incarnation)
	}
	for _, g := range c.View().Groups {
		if g.Owner == f.self() {
			f.tellGroup(c, g.Name, gone)
		}
	}
	f.backlog.Do(c, func(c *core.Core) (done bool) {
		if !gone(c) {
			c.Told(d.Name, d.Incarnation)
		}
		return true
	})
}

// tellGroup records again what is known of a group, unless nobody wants to know any more.
func (f *Owner) tellGroup(c *core.Core, group string, gone func(*core.Core) bool) {
	var known *book.Telling
	var t *tenancy
	f.backlog.Do(c, func(c *core.Core) (done bool) {
		switch {
		case gone(c):
			return true
		case known != nil:
		case f.terms[group] != nil:
			t = f.terms[group]
			known = f.book.Present(group, c.Incarnation(), t.Epoch)
		default:
			known = f.book.Entries(group)
		}
		// Without a term, or after it, this process records it once more when it decides.
		epoch := uint64(0)
		if t != nil && f.terms[group] == t {
			epoch = t.Epoch
		}
		if !f.tellPiece(c, group, epoch, known) {
			return false
		}
		f.tellVoid(c, group, epoch) // also that no flush_all is due: who was away may think that one is
		return true
	})
}

// tellPiece records the next piece of what is known, and reports whether that was all.
func (f *Owner) tellPiece(c *core.Core, group string, epoch uint64, known *book.Telling) (done bool) {
	entries := known.Next(maxPiece)
	for _, e := range entries {
		f.record(c, group, epoch, e)
	}
	return len(entries) < maxPiece
}

func (f *Owner) tellVoid(c *core.Core, group string, epoch uint64) {
	f.record(c, group, epoch, book.Entry{Kind: book.Void, Due: f.book.Due(group)})
}

func (f *Owner) record(c *core.Core, group string, epoch uint64, e book.Entry) {
	r := core.Record{Kind: core.Knowledge, Group: group, Epoch: epoch, Clears: e.Clears(), Data: e.Encode()}
	c.Record(r)
	f.keep(c.Incarnation(), r, e)
}
