package replicate

import "magent/internal/fault"

// place returns the servers of a key: lead has the authoritative copy, follow the other one. Without backups follow is
// -1. The primary leads, unless it is returning or its value of the key is known to be wrong. A primary that is down
// leads, too: whoever finds that it cannot be asked turns to the backup.
//
// A backup that has begun to lead keeps the lead until everything that it decides is settled, even if the primary is
// back. A copy that is known to be wrong leads only if the other one is no better. In that case the key is deleted on
// it before it is asked (Hide).
func (e *Engine) place(key []byte) (lead, follow int) {
	p, b := e.Pair(key)
	return e.placeOf(p, b, key)
}

// placeOf is place if the primary and the backup of the key are known.
func (e *Engine) placeOf(p, b int, key []byte) (lead, follow int) {
	if b < 0 {
		return p, b
	}
	x := e.orders.of(key)
	switch {
	case x != nil && x.lead == b && e.counts(b, key):
		return b, p
	case !e.Health.Usable(p), e.counts(p, key):
		return p, b
	case e.counts(b, key):
		return b, p
	case !e.Health.Readable(p) && e.Health.Usable(b) && e.Dirty(p).Has(key) && !e.Dirty(b).Has(key):
		return b, p // both are returning, and only the primary's copy is dirty
	}
	return p, b
}

// placeKey is Engine.place for the key with index i of a multi-get.
func (c *Call) placeKey(i int) (lead, follow int) {
	p, b := c.e.PairOf(c.many.hashes[i])
	return c.e.placeOf(p, b, c.many.key(i))
}

// counts reports whether server i may lead key: it may be read, and its value is not known to be wrong.
func (e *Engine) counts(i int, key []byte) bool {
	return e.Health.Readable(i) && (e.Dirty(i).Empty() || fault.Dirty || !e.Dirty(i).Has(key))
}

// outdated reports whether server i is now known to have held a wrong value of the key when it was asked. This is the
// case if the key became dirty after the request was sent. sent is what Dirty.Seq was at that moment.
func (e *Engine) outdated(i int, key []byte, sent uint64) bool {
	d := e.Dirty(i)
	return !d.Empty() && !fault.Sound && d.SeqOf(key) > sent
}

// mayRepeat reports whether a read may be repeated at server to, after server from has not answered it.
//
// While a mutation of the key is undecided, server to may have carried it out and from may come to another result. If
// the answer of from decided, the client would have read a value that never was. So from has no say from now on: the
// key becomes dirty there. If to has none either, the read may not be repeated.
func (e *Engine) mayRepeat(from, to int, key []byte) bool {
	if x := e.copied[string(key)]; x != nil {
		return x.server != to // it does not have it yet
	}
	switch {
	case !e.undecided.Busy(key) || !e.counts(from, key):
		return true
	case !e.counts(to, key):
		return false
	}
	e.MarkMissed(from, key)
	return true
}
