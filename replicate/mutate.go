package replicate

import (
	"bytes"

	"magent/ascii"
)

// mutate sends r to both copies at once.
func (e *Engine) mutate(c *Call, r *ascii.Request) {
	if c.noRoom() {
		c.fail()
		return
	}
	head, body := e.wire(r)
	c.po, c.bo = outcome{}, outcome{}
	c.send(c.p, slotPrimary, head, body, c.shape)
	c.sendBackup(head, body)
	if c.waiting == 0 {
		c.fail()
	}
}

// Drop carries out a set that the proxy refuses for its size: as memcached does, it drops the old value, and then
// answers line.
func (e *Engine) Drop(c *Call, r *ascii.Request, line []byte) {
	c.op, c.quiet, c.plan = r.Op, r.Quiet, planDrop
	if e.retired {
		c.finish(ascii.ServerError, goneLine)
		c.recycle()
		return
	}
	c.p, c.b = e.place(r.Key)
	c.key = append(c.key[:0], r.Key...)
	e.passes(c.key)
	e.begin(c)
	c.Held = append(c.Held[:0], line...)
	c.po, c.bo = outcome{}, outcome{}
	c.busy = true
	e.line, c.shape = appendForget(e.line[:0], c.key)
	c.send(c.p, slotPrimary, e.line, nil, c.shape)
	c.sendBackup(e.line, nil)
	if c.waiting == 0 {
		c.dropped()
	}
	c.busy = false
	c.recycle()
}

// dropped ends a Drop: where the old value may be left, it is dirty.
func (c *Call) dropped() {
	if c.po.kind == ascii.Lost {
		c.e.forget(c.p, c.key)
	}
	if c.bo.kind == ascii.Lost {
		c.e.forget(c.b, c.key)
	}
	c.finish(ascii.ServerError, c.Held)
}

func (c *Call) onMutated(slot uint16, r *ascii.Reply) {
	o := outcomeOf(c.op, r)
	if slot == slotPrimary {
		c.po = o
	} else {
		c.bo = o
	}
	switch {
	case c.plan == planDrop:
		if c.waiting == 0 {
			c.dropped()
		}
	case c.waiting > 0:
		c.onFirst(slot, r)
	default:
		c.settle(slot, r)
	}
}

// onFirst takes the reply of the copy that was quicker.
func (c *Call) onFirst(slot uint16, r *ascii.Reply) {
	if r.Kind == ascii.Lost {
		return
	}
	if slot == slotPrimary && c.e.opt.AckPrimary {
		c.e.countMutation(c.op, r.Kind)
		c.finish(r.Kind, c.withMarks(c.p, r.Raw))
		return
	}
	c.Keep(r.Raw)
}

// settle is called with the last reply: the other copy's, if it came, is in Held.
func (c *Call) settle(slot uint16, r *ascii.Reply) {
	v := verdict{answer: answerPrimary}
	if c.b >= 0 || c.po.kind == ascii.Lost {
		v = judge(c.op, c.po, c.bo)
	}
	if v.backup = v.backup || c.flushes != c.e.flushes; v.backup && c.b >= 0 {
		if c.bo.kind == ascii.Lost {
			c.e.forget(c.b, c.key)
		} else {
			c.e.disagree(c.b, c.key)
		}
	}
	if v.primary {
		c.e.forget(c.p, c.key)
	}
	if c.answered {
		return // --ack primary
	}
	switch {
	case v.answer == answerError:
		c.fail()
	case v.answer == answerPrimary:
		c.e.countMutation(c.op, c.po.kind)
		c.finish(c.po.kind, c.withMarks(c.p, c.replyOf(slotPrimary, slot, r)))
	default:
		c.e.countMutation(c.op, c.bo.kind)
		c.finish(c.bo.kind, c.withMarks(c.b, c.replyOf(slotBackup, slot, r)))
	}
}

// at is the server of a slot.
func (c *Call) at(slot uint16) int {
	if slot == slotPrimary {
		return c.p
	}
	return c.b
}

// replyOf returns the reply of the copy want, when slot has just replied r.
func (c *Call) replyOf(want, slot uint16, r *ascii.Reply) []byte {
	if want == slot {
		return r.Raw
	}
	return c.Held
}

// outcomeOf sums up a reply for the comparison with the other copy's.
func outcomeOf(op ascii.Op, r *ascii.Reply) outcome {
	o := outcome{kind: r.Kind}
	switch {
	case r.Kind == ascii.Number:
		o.number = r.Number
	case r.Kind == ascii.MetaVA && op == ascii.OpMetaArith:
		o.number = metaNumber(r.Raw)
	}
	return o
}

// metaNumber is the number in the reply to ma with the v flag: a line, and the digits in the next one.
func metaNumber(raw []byte) (n uint64) {
	value := raw[bytes.IndexByte(raw, '\n')+1:]
	for _, d := range value {
		if d < '0' || d > '9' {
			break
		}
		n = n*10 + uint64(d-'0')
	}
	return n
}
