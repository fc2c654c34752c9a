package replicate

import (
	"hash/maphash"

	"magent/ascii"
)

// A mutation that depends on a cas token goes to the primary alone first: the token means nothing to the backup. When
// the primary has taken it, the same mutation without its condition goes to the backup.
//
// Between the two steps other mutations of the key may pass. They reach the primary behind ours and the backup before
// it. So the second step is not taken when one has passed; instead, unless that one has overwritten the value anyway,
// the backup's copy is given up. (Two compares of one key cannot cross: the primary replies in order, and in that order
// their second steps go out.)

// contest is a key with compares in their first step.
type contest struct {
	compares  int    // so many
	passed    uint64 // number of mutations that passed meanwhile
	overwrote uint64 // the number of the last one that leaves nothing of the value: set, delete, flush_all
}

// contests holds the keys under compare, by a hash of the key: two keys with one hash are treated as one, which is safe.
type contests struct {
	seed maphash.Seed
	m    map[uint64]contest
}

// enter begins a first step and returns how many mutations have passed so far.
func (s *contests) enter(hash uint64) (passed uint64) {
	x := s.m[hash]
	x.compares++
	s.m[hash] = x
	return x.passed
}

// leave ends a first step. passed says whether a mutation has passed since enter returned since, overwritten whether
// one of them has replaced the value.
func (s *contests) leave(hash, since uint64) (passed, overwritten bool) {
	x := s.m[hash]
	passed, overwritten = x.passed > since, x.overwrote > since
	if x.compares--; x.compares == 0 {
		delete(s.m, hash)
	} else {
		s.m[hash] = x
	}
	return passed, overwritten
}

// pass notes that a mutation of key is on its way to both copies.
func (s *contests) pass(key []byte, overwrites bool) {
	if len(s.m) == 0 {
		return
	}
	hash := maphash.Bytes(s.seed, key)
	if x, ok := s.m[hash]; ok {
		s.m[hash] = x.after(overwrites)
	}
}

// passAll notes a mutation of all keys: flush_all.
func (s *contests) passAll() {
	for hash, x := range s.m {
		s.m[hash] = x.after(true)
	}
}

func (x contest) after(overwrites bool) contest {
	x.passed++
	if overwrites {
		x.overwrote = x.passed
	}
	return x
}

// overwrites reports whether nothing of the value that was there before survives r.
func overwrites(r *ascii.Request) bool {
	switch r.Op {
	case ascii.OpSet, ascii.OpDelete:
		return true
	case ascii.OpMetaSet:
		return !r.Meta.Has('M') && !r.Meta.Has('I')
	}
	return false
}

// compare takes the first step: the primary, or the backup where that is the only copy.
func (e *Engine) compare(c *Call, r *ascii.Request) {
	c.po, c.bo = outcome{}, outcome{}
	head, body := e.wire(r)
	if !c.send(c.p, slotPrimary, head, body, c.shape) {
		if !c.send(c.b, slotBackup, head, body, c.shape) {
			c.fail()
		}
		return
	}
	if c.b < 0 {
		return
	}
	c.head = ascii.AppendUnconditional(c.head[:0], r)
	c.body = append(c.body[:0], r.Body...)
	c.contest = maphash.Bytes(e.contests.seed, c.key)
	c.since = e.contests.enter(c.contest)
}

func (c *Call) onCompared(slot uint16, r *ascii.Reply) {
	switch {
	case slot == slotBackup && c.po.kind != ascii.Lost:
		c.bo = outcomeOf(c.op, r)
		c.settle(slot, r)
	case slot == slotPrimary && c.b >= 0:
		c.onFirstStep(r)
	case r.Kind == ascii.Lost:
		c.fail()
	default:
		c.e.countMutation(c.op, r.Kind)
		c.finish(r.Kind, r.Raw)
	}
}

// onFirstStep takes the primary's reply in a pool with backups.
func (c *Call) onFirstStep(r *ascii.Reply) {
	e := c.e
	passed, overwritten := e.contests.leave(c.contest, c.since)
	if r.Kind == ascii.Lost {
		c.compareLost()
		return
	}
	if succeeded(r.Kind) {
		switch {
		case overwritten: // the backup has what came after us
		case passed:
			e.forget(c.b, c)
		case c.send(c.b, slotBackup, c.head, c.body, c.shape):
			c.po = outcomeOf(c.op, r)
			c.Keep(r.Raw)
			if !e.opt.AckPrimary {
				return
			}
		}
	}
	e.countMutation(c.op, r.Kind)
	c.finish(r.Kind, r.Raw)
}

// compareLost answers when the primary was lost over the first step. Whether it took the mutation is unknown; but the
// backup's value is the one that counts from now on, and that has not changed. So the client is told what it would be
// told if somebody else had been quicker: read again.
func (c *Call) compareLost() {
	if !c.e.opt.Health.Usable(c.b) {
		c.fail()
		return
	}
	kind, line := ascii.MetaEX, "EX\r\n"
	if c.op == ascii.OpCAS {
		kind, line = ascii.Exists, "EXISTS\r\n"
	}
	c.e.countMutation(c.op, kind)
	c.Held = append(c.Held[:0], line...)
	c.finish(kind, c.Held)
}

// succeeded reports whether a compare-and-something did what it was asked.
func succeeded(k ascii.Kind) bool {
	return k == ascii.Stored || k == ascii.MetaHD || k == ascii.MetaVA
}
