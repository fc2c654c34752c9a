package replicate

import (
	"magent/ascii"
	"magent/internal/fault"
	"magent/replicate/decide"
)

// While a mutation is under way, one copy may have it and the other may never get it. If the owner of a fleet is lost
// together with the first copy just then, nobody knows of the mutation. So nobody may have seen it: in a fleet, what a
// read has found is held back while a mutation of its key is undecided. When that is over, either both copies have it,
// or what one has missed was recorded, and the answer waits until all members know (session/due.go).

// isLate holds back what server i has replied, if that has to be. The call's own mutation, which was refused, does not
// count.
func (c *Call) isLate(i int, r *ascii.Reply) bool {
	e := c.e
	if !e.patient || c.follow < 0 {
		return false
	}
	if c.counted.Counts() {
		e.undecided.End(&c.counted)
	}
	if !e.undecided.Busy(c.key) {
		return false
	}
	c.hold(i, *r)
	return true
}

// hold keeps what server i has replied until all that is undecided of the key now has ended.
func (c *Call) hold(i int, r ascii.Reply) {
	c.Keep(r.Raw)
	c.late, c.lateOf = r, i
	c.late.Raw = c.Held
	c.Await()
	c.e.undecided.Wait(c.key, c)
}

// onCopying notes that a key is being copied, or that this is over. Until then its value may be lost together with one
// server, and nobody else knows. So who reads it waits, and so does the answer to a mutation.
func (e *Engine) onCopying(server int, key string, under bool) {
	x := e.copied[key]
	switch {
	case under && x != nil:
		x.n, x.server = x.n+1, server
	case under && e.patient && !fault.Alone:
		e.copied[key] = &copied{server, e.undecided.Begin([]byte(key)), 1}
	case !under && x != nil:
		if x.n--; x.n == 0 {
			delete(e.copied, key)
			e.undecided.End(&x.mark)
			e.answerLate()
		}
	}
}

// isAlone holds back the answer of server i to a mutation while its key is being copied to the other server: there the
// key was deleted, perhaps after the mutation was carried out.
func (c *Call) isAlone(i int, kind ascii.Kind, raw []byte) bool {
	e := c.e
	if len(e.copied) == 0 || e.copied[string(c.key)] == nil {
		return false
	}
	if c.counted.Counts() {
		e.undecided.End(&c.counted)
	}
	c.hold(i, ascii.Reply{Kind: kind, Raw: raw})
	return true
}

// awaitKeys has a retrieval wait for the keys of a fragment.
func (c *Call) awaitKeys(id uint16) {
	e, m := c.e, c.many
	if !e.patient || e.Backups == nil || e.undecided.Total() == 0 {
		return
	}
	for i, o := range m.owner {
		if o == id && e.undecided.Busy(m.key(i)) {
			c.Await()
			e.undecided.Wait(m.key(i), c)
		}
	}
}

// answerLate goes on with the calls that have waited long enough.
func (e *Engine) answerLate() {
	for c, ok := e.undecided.Next(); ok; c, ok = e.undecided.Next() {
		c.Begin()
		c.Arrived()
		switch {
		case c.plan == decide.PlanRead:
			c.onValue(c.lateOf, &c.late)
		case c.plan == decide.PlanCompare, c.plan == decide.PlanMutate:
			e.countMutation(c.op, c.late.Kind)
			c.finish(c.late.Kind, c.withTags(c.lateOf, c.late.Raw))
		case c.Waiting() == 0:
			c.merge(lost, nil)
		}
		c.late.Raw = nil
		c.End()
		c.leave()
	}
}
