package replicate

import (
	"bytes"
	"hash/maphash"

	"magent/internal/fault"
	"magent/replicate/decide"
)

// Normally a key's mutations reach both copies in the order in which they are sent, because each copy gets them over
// one connection. In two cases that is not enough, and the key gets an order:
//
//   - A compare is under way on the lead. The other copy gets what follows the compare only later.
//   - A backup leads. The lead must not pass to the primary before both copies are known to agree.

// order is the order of the mutations of one key. It names the server that leads, and holds what the other copy has
// not got yet. A key has at most one, as long as a Call holds it or is queued in it (tidy). check verifies the rules
// that stand at its fields.
type order struct {
	key     []byte
	hash    uint64
	lead    int  // the server that leads; it never changes
	held    int  // the number of calls that hold it (Call.holds), and of functions that are using it; never below 0
	spoiled bool // something that is not queued changed the other copy: it is repaired when the queue ends
	gone    bool // it was removed from orders and cannot be found there: its server leads no more

	// The queue holds what the other copy has not got yet, linked by Call.behind. Everything in it was sent to the
	// lead, in this order. The first entry is a compare in its first step, except while the queue is being sent
	// (advance, dissolve). Other mutations wait for the nearest compare in front of them. Each entry has Call.queued
	// set, and this order in Call.order.
	first, last *Call

	next *order // the next one with the same hash, or on the free list
}

// orders holds the orders of all keys that have one, by a hash of the key. It decides nothing about servers and sends
// nothing. It reports to broken what can only be a bug.
type orders struct {
	seed   maphash.Seed
	m      map[uint64]*order
	free   *order
	spare  int  // the length of the free list; at most maxSpareOrders
	strict bool // check verifies the rules
	broken func(what string, key []byte)
}

func newOrders(broken func(string, []byte), strict bool) orders {
	return orders{seed: maphash.MakeSeed(), m: map[uint64]*order{}, broken: broken, strict: strict}
}

// of returns the order of a key; nil: it has none, which is the common case.
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

// enter returns the order of c's key, led by c.lead, and makes it c's order. It creates the order if there is none.
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

// make creates an order for the key of c, led by c.lead.
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

// hold keeps the lead where it is until release.
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

// push appends c to the queue of its key. It reports whether c is in the queue now.
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

// decided removes a compare from its queue because the lead has just replied to it. Replies come in the order of the
// requests, and so do reports of lost ones. So the compare is the first in the queue.
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

// ready removes and returns the first mutation of the queue. It returns nil if the queue is empty or begins with a
// compare.
func (s *orders) ready(x *order) *Call {
	c := x.first
	if c == nil || c.plan == decide.PlanCompare {
		return nil
	}
	s.unlink(x, c)
	return c
}

// unlink removes c from the queue of x, wherever it stands.
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

// leave clears c.order if c neither holds x nor is queued in it, and frees x if nobody needs it any more.
func (s *orders) leave(c *Call, x *order) {
	if !c.holds && !c.queued {
		c.order = nil
	}
	s.tidy(x)
}

// tidy frees x if nobody holds it and its queue is empty.
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

// maxSpareOrders bounds the free list, so that a peak of compares does not occupy memory for ever.
const maxSpareOrders = 256

// remove removes x from s: its key has no order any more. Calls that take part in x keep it until they leave it.
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

// spoil notes that a flush_all has changed all keys, past the queues.
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

// check verifies the rules that stand at the fields of order, and reports to broken if one does not hold. settled
// means that nothing is being removed from the queue. In a normal run it returns at once.
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
	must(!settled || x.first == nil || x.first.plan == decide.PlanCompare, "a mutation waits for no compare")
	var last *Call
	for c := x.first; c != nil; last, c = c, c.behind {
		must(c.queued && c.order == x, "a mutation is in a queue, and does not know")
	}
	must(x.last == last, "the last one of a queue is not the last one")
}
