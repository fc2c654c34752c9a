package replicate

import (
	"bytes"
	"hash/maphash"

	"magent/internal/call"
	"magent/internal/fault"
)

// In most cases the order of a key's mutations is that in which they are sent: each copy gets them over one
// connection. In two cases there is more to it, and the key has an order. While a compare is asked of one copy
// alone, the other copy gets what comes behind it later. While a backup leads, the role must not pass to the
// primary before both copies are known to agree.

// order is the order of one key: whose word counts for all that is in it, and what the other copy is still to get.
// There is one for a key at most, as long as somebody holds it or is queued (tidy). The rules at its fields are looked
// at by check.
type order struct {
	key     []byte
	hash    uint64
	lead    int  // the server whose word counts; it never changes
	held    int  // calls that hold it (Call.holds), and functions that use it just now; never below 0
	spoiled bool // something has passed on the other copy that is not in the queue: that copy is given up in the end
	gone    bool // it is none of orders any more, and cannot be found: the lead's word counts no more

	// The queue of what the other copy is still to get, linked by Call.behind; all of it was sent to the lead, in
	// this sequence. The first one is a compare in its first step, but while the queue is being sent (advance,
	// dissolve); other mutations wait for the nearest compare before them. Who is in it is Call.queued, and has this
	// order.
	first, last *Call

	next *order // the next one with the same hash, or on the free list
}

// orders holds the keys that have an order, by a hash of the key. It decides nothing about servers and sends
// nothing; what it finds that cannot be is an error of ours, which broken is told.
type orders struct {
	seed   maphash.Seed
	m      map[uint64]*order
	free   *order
	spare  int  // how many there are on the free list; at most maxSpareOrders
	strict bool // check is asked for
	broken func(what string, key []byte)
}

func newOrders(broken func(string, []byte), strict bool) orders {
	return orders{seed: maphash.MakeSeed(), m: map[uint64]*order{}, broken: broken, strict: strict}
}

// of returns the order of a key; nil in the common case that it has none.
func (s *orders) of(key []byte) *order {
	if len(s.m) == 0 {
		return nil
	}
	return s.find(maphash.Bytes(s.seed, key), key)
}

func (s *orders) find(hash uint64, key []byte) *order {
	x := s.m[hash]
	for x != nil && !bytes.Equal(x.key, key) {
		x = x.next
	}
	return x
}

// enter has c take part in the order of its key, which c.lead leads.
func (s *orders) enter(c *Call) *order {
	if c.order != nil {
		return c.order
	}
	hash := maphash.Bytes(s.seed, c.key)
	x := s.find(hash, c.key)
	if x != nil && x.lead != c.lead {
		s.broken("a mutation takes part in an order that another server leads", c.key)
		x = s.find(hash, c.key)
	}
	if x == nil {
		x = s.make(hash, c)
	}
	c.order = x
	return x
}

// make makes an order for the key of c.
func (s *orders) make(hash uint64, c *Call) *order {
	x := s.free
	if x == nil {
		x = &order{}
	} else {
		s.free = x.next
		s.spare--
	}
	*x = order{key: append(x.key[:0], c.key...), hash: hash, lead: c.lead, next: s.m[hash]}
	s.m[hash] = x
	return x
}

// hold keeps the roles as they are until release.
func (s *orders) hold(c *Call) {
	if !c.holds {
		s.enter(c).held++
		c.holds = true
	}
}

// release ends hold.
func (s *orders) release(c *Call) {
	if x := c.order; c.holds {
		c.holds = false
		x.held--
		s.check(x, false)
		s.leave(c, x)
	}
}

// push puts c at the end of the queue of its key, and reports whether it stands there now.
func (s *orders) push(c *Call) bool {
	x := s.enter(c)
	if c.queued || c.behind != nil || x.gone {
		s.broken("a mutation is queued twice, or where nobody leads", c.key)
		return c.queued
	}
	c.queued = true
	if x.first == nil {
		x.first = c
	} else {
		x.last.behind = c
	}
	x.last = c
	s.check(x, true)
	return true
}

// decided takes a compare out of its queue, which the lead has just replied to. Replies come in the sequence of the
// requests, lost ones too, so it is the first one.
func (s *orders) decided(c *Call) {
	x := c.order
	if x.first != c {
		s.broken("a compare is decided before one that was sent earlier", c.key)
	}
	if c.queued {
		s.unlink(x, c)
	}
	s.leave(c, x)
}

// ready takes the first one out of the queue if it waits for no compare; nil: it does, or there is none.
func (s *orders) ready(x *order) *Call {
	c := x.first
	if c == nil || c.plan == planCompare {
		return nil
	}
	s.unlink(x, c)
	return c
}

// unlink takes c out of the queue of x, wherever it stands.
func (s *orders) unlink(x *order, c *Call) {
	var before *Call
	for q := x.first; q != c; before, q = q, q.behind {
		if q == nil {
			s.broken("a mutation is not in the queue of its key", c.key)
			return
		}
	}
	if before == nil {
		x.first = c.behind
	} else {
		before.behind = c.behind
	}
	if x.last == c {
		x.last = before
	}
	c.behind, c.queued = nil, false
	s.check(x, false)
}

// leave ends c's part in x if it has none any more, and x with the last one's.
func (s *orders) leave(c *Call, x *order) {
	if !c.holds && !c.queued {
		c.order = nil
	}
	s.tidy(x)
}

// tidy frees an order that is of no use any more.
func (s *orders) tidy(x *order) {
	if x.held > 0 || x.first != nil {
		return
	}
	s.remove(x)
	if s.spare < maxSpareOrders {
		x.next = s.free
		s.free = x
		s.spare++
	}
}

// maxSpareOrders bounds the free list: a peak of compares is not to be kept for ever.
const maxSpareOrders = 256

// remove has the key have no order any more. Those who take part in x go on to do so until they leave it.
func (s *orders) remove(x *order) {
	if x.gone {
		return
	}
	x.gone = true
	if s.m[x.hash] == x {
		if s.m[x.hash] = x.next; x.next == nil {
			delete(s.m, x.hash)
		}
		return
	}
	for q := s.m[x.hash]; q != nil; q = q.next {
		if q.next == x {
			q.next = x.next
			return
		}
	}
	s.broken("an order is not where its hash says", x.key)
}

// spoil notes that all keys with a queue were changed in another way: flush_all.
func (s *orders) spoil() {
	for _, x := range s.m {
		for ; x != nil; x = x.next {
			x.spoiled = x.spoiled || x.first != nil
		}
	}
}

// ledBy returns the orders that server i leads.
func (s *orders) ledBy(i int) (out []*order) {
	for _, x := range s.m {
		for ; x != nil; x = x.next {
			if x.lead == i {
				out = append(out, x)
			}
		}
	}
	return out
}

// check looks whether the rules hold that stand at the fields of order. settled: nothing is being taken out of the
// queue. It costs nothing to speak of where that is not asked for.
func (s *orders) check(x *order, settled bool) {
	if !fault.Strict && !s.strict {
		return
	}
	must := func(holds bool, rule string) {
		if !holds {
			s.broken(rule, x.key)
		}
	}
	must(x.held >= 0, "an order is held less often than never")
	must(x.gone == (s.find(x.hash, x.key) != x), "an order is gone and found, or neither")
	must((x.first == nil) == (x.last == nil), "a queue has one end")
	must(!settled || x.first == nil || x.first.plan == planCompare, "a mutation waits for no compare")
	var last *Call
	for c := x.first; c != nil; last, c = c, c.behind {
		must(c.queued && c.order == x, "a mutation is in a queue, and does not know")
	}
	must(x.last == last, "the last one of a queue is not the last one")
}

// broken is called when something is found that cannot be. Outside tests the key is given up on both copies.
func (e *Engine) broken(what string, key []byte) {
	e.Broken(what, key)
	p, b := e.Pair(key)
	e.MarkMissed(p, key)
	e.MarkMissed(b, key)
}

// counts reports whether what server i says about key counts: it may be read, and is not known to hold a wrong value.
func (e *Engine) counts(i int, key []byte) bool {
	return e.Health.Readable(i) && (e.Dirty(i).Empty() || fault.Dirty || !e.Dirty(i).Has(key))
}

// begin takes on a mutation that is about to be sent.
func (e *Engine) begin(c *Call) {
	c.flushEpoch = e.FlushEpoch()
	e.Overtaken(c.key)
	if c.follow < 0 {
		return
	}
	if x := e.orders.of(c.key); x != nil && x.lead != c.lead && !fault.Order {
		e.MarkMissed(x.lead, c.key) // its word counts no more
	}
	e.clean(c)
	if c.backupLeads() {
		e.orders.hold(c)
	}
}

// clean deletes the key of a mutation that is about to be sent on every copy on which it is dirty. What such a copy
// holds is not to be built upon.
func (e *Engine) clean(c *Call) {
	e.cleanAt(c, call.Lead)
	e.cleanAt(c, call.Follow)
}

// cleanAt is clean for the copy of a slot.
func (e *Engine) cleanAt(c *Call, slot uint16) {
	i := c.at(slot)
	if !c.traits.blind {
		e.Hide(i, c.key)
	}
	c.sent[slot] = e.Dirty(i).Seq()
}

// Overruled notes that what server i says about a key counts no more. The other copy is sent at once what it is
// still to get. Compares of which i has not told the outcome are not for it: they come out as if somebody had been
// quicker.
func (e *Engine) Overruled(i int, key []byte) {
	if x := e.orders.of(key); x != nil && x.lead == i && !fault.Order {
		e.dissolve(x)
	}
}

// OverruledAll is Overruled for all keys.
func (e *Engine) OverruledAll(i int) {
	if len(e.orders.m) == 0 || fault.Order {
		return
	}
	for _, x := range e.orders.ledBy(i) {
		if !x.gone && x.lead == i {
			e.dissolve(x)
		}
	}
}

// dissolve ends an order before everything in it is decided.
func (e *Engine) dissolve(x *order) {
	e.orders.remove(x)
	x.held++ // x and its key are in use here
	e.Overtaken(x.key)
	for c := x.first; c != nil; c = x.first {
		e.orders.unlink(x, c)
		if c.plan == planCompare {
			e.orders.leave(c, x)
		} else {
			c.catchUp(x)
		}
	}
	if x.spoiled {
		e.MarkMissed(e.follower(x), x.key)
	}
	x.held--
	e.orders.tidy(x)
}

// advance sends the other copy what waited for a compare that is decided, up to the next one.
func (e *Engine) advance(x *order) {
	x.held++
	for c := e.orders.ready(x); c != nil; c = e.orders.ready(x) {
		c.catchUp(x)
	}
	x.held--
	e.orders.check(x, true)
	if x.first == nil && x.spoiled {
		x.spoiled = false
		e.MarkMissed(e.follower(x), x.key)
	}
	e.orders.tidy(x)
}

// follower is the copy that does not lead x.
func (e *Engine) follower(x *order) int {
	p, b := e.Pair(x.key)
	if b == x.lead {
		return p
	}
	return b
}
