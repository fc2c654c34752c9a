package replicate

import (
	"hash/maphash"

	"magent/ascii"
)

// A mutation that depends on a cas token goes to the primary alone first: the token means nothing to the backup. When
// the primary has taken it, the same mutation without its condition goes to the backup.
//
// Other mutations of the key may come between the two steps. The primary gets them behind ours; so the backup must, too,
// and they have to wait for it. A contest is the queue of what the backup is still to get for one key: it begins with a
// compare in its first step. Reads go to the primary and never wait.
type contest struct {
	first, last *Call // linked by Call.behind
	spoiled     bool  // something passed that is not in the queue: the backup's copy is given up in the end
	next        *contest
}

// contests holds the keys under compare, by a hash of the key: two keys with one hash share a queue, which is safe.
type contests struct {
	seed maphash.Seed
	m    map[uint64]*contest
	free *contest
}

func newContests() contests {
	return contests{seed: maphash.MakeSeed(), m: map[uint64]*contest{}}
}

// of returns the contest of a key; nil in the common case that there is none.
func (s *contests) of(key []byte) *contest {
	if len(s.m) == 0 {
		return nil
	}
	return s.m[maphash.Bytes(s.seed, key)]
}

// enter puts a compare at the end of its key's contest, and begins one where there is none.
func (s *contests) enter(c *Call) {
	c.contest = maphash.Bytes(s.seed, c.key)
	x := s.m[c.contest]
	if x == nil {
		if x = s.free; x == nil {
			x = &contest{}
		} else {
			s.free = x.next
		}
		*x = contest{}
		s.m[c.contest] = x
	}
	x.push(c)
}

// leave ends a contest whose queue is empty.
func (s *contests) leave(hash uint64, x *contest) {
	delete(s.m, hash)
	x.next = s.free
	s.free = x
}

// spoil notes that all keys under compare were changed in another way: flush_all.
func (s *contests) spoil() {
	for _, x := range s.m {
		x.spoiled = true
	}
}

func (x *contest) push(c *Call) {
	if x.first == nil {
		x.first = c
	} else {
		x.last.behind = c
	}
	x.last = c
}

func (x *contest) pop() *Call {
	c := x.first
	x.first = c.behind
	c.behind = nil
	return c
}

// sendBackup sends a mutation to the backup, or has it wait behind a compare of the same key.
func (c *Call) sendBackup(head, body []byte) {
	if c.b < 0 || !c.e.opt.Health.Usable(c.b) {
		return
	}
	x := c.e.contests.of(c.key)
	if x == nil {
		c.send(c.b, slotBackup, head, body, c.shape)
		return
	}
	c.head = append(c.head[:0], head...)
	c.body = append(c.body[:0], body...)
	c.waiting++ // for the backup's reply, although it is not asked yet
	x.push(c)
}

// compare takes the first step: the primary, or the backup where that is the only copy.
func (e *Engine) compare(c *Call, r *ascii.Request) {
	if c.noRoom() {
		c.fail()
		return
	}
	c.po, c.bo = outcome{}, outcome{}
	c.binary = c.op >= ascii.OpMetaGet && r.Meta.Has('b')
	head, body := e.wire(r)
	if !c.send(c.p, slotPrimary, head, body, c.shape) {
		// the token fits no other copy than that which unmark has looked at
		if e.opt.Health.Usable(c.p) || !c.send(c.b, slotBackup, head, body, c.shape) {
			c.fail()
		}
		return
	}
	if c.b < 0 {
		return
	}
	c.head = ascii.AppendUnconditional(c.head[:0], r)
	c.body = append(c.body[:0], r.Body...)
	e.contests.enter(c)
}

func (c *Call) onCompared(slot uint16, r *ascii.Reply) {
	switch {
	case slot == slotPrimary && c.b >= 0:
		c.onFirstStep(r)
	case slot == slotBackup && c.po.kind != ascii.Lost:
		c.bo = outcomeOf(c.op, r)
		c.settle(slot, r)
	case r.Kind == ascii.Lost:
		c.e.forget(c.p, c.key)
		c.e.forget(c.b, c.key)
		c.fail()
	default:
		if slot == slotBackup && succeeded(r.Kind) {
			c.e.forget(c.p, c.key)
		}
		c.e.countMutation(c.op, r.Kind)
		c.finish(r.Kind, c.withMarks(c.at(slot), r.Raw))
	}
}

// onFirstStep takes the primary's reply in a pool with backups. Requests of one connection are replied to in
// their order, lost ones too, so c is the first in its contest.
func (c *Call) onFirstStep(r *ascii.Reply) {
	x := c.e.contests.m[c.contest]
	x.pop()
	hash := c.contest
	c.e.passes(c.key)
	second := succeeded(r.Kind) && c.send(c.b, slotBackup, c.head, c.body, c.shape)
	switch {
	case r.Kind == ascii.Lost:
		c.e.forget(c.p, c.key)
		c.compareLost()
	case second:
		c.po = outcomeOf(c.op, r)
		c.onFirst(slotPrimary, r)
	default:
		if succeeded(r.Kind) {
			c.e.forget(c.b, c.key)
		}
		c.e.countMutation(c.op, r.Kind)
		c.finish(r.Kind, c.withMarks(c.p, r.Raw))
	}
	for x.first != nil && x.first.plan != planCompare {
		x.pop().catchUp()
	}
	if x.first == nil {
		if x.spoiled {
			c.e.forget(c.b, c.key)
		}
		c.e.contests.leave(hash, x)
	}
}

// catchUp sends to the backup what waited for a compare.
func (c *Call) catchUp() {
	c.busy = true
	c.waiting--
	if !c.send(c.b, slotBackup, c.head, c.body, c.shape) {
		c.onMutated(slotBackup, &ascii.Reply{Kind: ascii.Lost})
	}
	c.busy = false
	c.recycle()
}

// compareLost answers when the primary was lost over the first step. Whether it took the mutation is unknown; but the
// backup's value is the one that counts from now on, and that has not changed. So the client is told what it would be
// told if somebody else had been quicker: read again.
func (c *Call) compareLost() {
	if !c.e.opt.Health.Readable(c.b) {
		c.fail()
		return
	}
	kind := ascii.Exists
	if c.op == ascii.OpCAS {
		c.Held = append(c.Held[:0], "EXISTS\r\n"...)
	} else {
		kind = ascii.MetaEX
		c.Held = append(ascii.AppendEcho(append(c.Held[:0], "EX"...), c.head, c.binary), "\r\n"...)
	}
	c.e.countMutation(c.op, kind)
	c.finish(kind, c.Held)
}

// succeeded reports whether a compare-and-something did what it was asked.
func succeeded(k ascii.Kind) bool {
	return k == ascii.Stored || k == ascii.MetaHD || k == ascii.MetaVA
}
