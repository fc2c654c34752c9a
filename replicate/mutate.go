package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/replicate/decide"
	"magent/replicate/repair"
)

// mutate sends r to both copies at once.
func (e *Engine) mutate(c *Call, r *ascii.Request) {
	if !c.owed && c.noRoom() {
		c.fail()
		return
	}
	head, body := e.wire(r)
	head = c.askForValue(head)
	c.leadOutcome, c.followOutcome = decide.Unasked, decide.Unasked
	c.send(c.lead, call.Lead, head, body, c.shape)
	c.sendFollow(head, body)
	if c.Waiting() == 0 {
		c.fail()
	}
}

// sendFollow sends a mutation to the copy that does not lead, or queues it behind a compare of the same key. It waits
// there also if that copy cannot be used now: when the compare is decided it may be back, and gets both.
func (c *Call) sendFollow(head, body []byte) {
	if c.follow < 0 {
		return
	}
	x := c.e.orders.of(c.key)
	if x == nil || x.first == nil {
		c.send(c.follow, call.Follow, head, body, c.shape)
		return
	}
	c.head = append(c.head[:0], head...)
	c.body = append(c.body[:0], body...)
	if c.e.orders.push(c) {
		c.Await() // one more reply is due, although that copy has not been asked yet
	} else {
		c.send(c.follow, call.Follow, head, body, c.shape)
	}
}

// Drop answers a set that the proxy refuses for its size. Like memcached it deletes the old value first. line is the
// answer.
func (e *Engine) Drop(c *Call, r *ascii.Request, line []byte) {
	c.op, c.quiet, c.plan = r.Op, r.Quiet, decide.PlanDrop
	if e.Retired {
		c.finish(ascii.ServerError, e.gone())
		c.recycle()
		return
	}
	c.lead, c.follow = e.place(r.Key)
	c.key = append(c.key[:0], r.Key...)
	c.traits = decide.Traits{Blind: true, Removes: true}
	e.begin(c)
	c.Held = append(c.Held[:0], line...)
	c.leadOutcome, c.followOutcome = decide.Outcome{}, decide.Outcome{}
	c.Begin()
	e.line, c.shape = repair.AppendDelete(e.line[:0], c.key)
	c.send(c.lead, call.Lead, e.line, nil, c.shape)
	c.sendFollow(e.line, nil)
	if c.Waiting() == 0 {
		c.dropped()
	}
	c.End()
	c.recycle()
}

// dropped ends a Drop. The key becomes dirty where its old value may still be.
func (c *Call) dropped() {
	if c.leadOutcome.Kind == ascii.Lost {
		c.e.MarkMissed(c.lead, c.key)
	}
	if c.followOutcome.Kind == ascii.Lost {
		c.e.MarkMissed(c.follow, c.key)
	}
	c.finish(ascii.ServerError, c.Held)
}

func (c *Call) onMutated(slot uint16, r *ascii.Reply) {
	o := decide.OutcomeOf(c.op, r)
	if slot == call.Lead {
		c.leadOutcome = o
		c.overdue = o.Kind == ascii.Lost && !o.Untouched && c.e.Health.Readable(c.lead)
	} else {
		c.followOutcome = o
	}
	if c.traits.Blind && c.follow >= 0 && !o.Executed() {
		c.e.NotReplaced(c.at(slot), c.key, r.Kind != ascii.Lost)
	}
	c.hideValue(r)
	switch {
	case c.plan == decide.PlanDrop:
		if c.Waiting() == 0 {
			c.dropped()
		}
	case c.Waiting() > 0:
		c.onFirst(slot, r)
	default:
		c.settle(slot, r)
	}
}

// onFirst handles the reply of the copy that replied first.
func (c *Call) onFirst(slot uint16, r *ascii.Reply) {
	if r.Kind == ascii.Lost {
		return
	}
	c.said = slot == call.Lead && c.e.counts(c.lead, c.key) && c.sound(call.Lead) &&
		(c.e.ackPrimary || !c.e.Incomplete(c.lead))
	if c.said && c.e.ackPrimary {
		c.e.countMutation(c.op, r.Kind)
		c.finish(r.Kind, c.withTags(c.lead, r.Raw))
		return
	}
	c.Keep(r.Raw)
}

// leads returns the slot of the copy that leads now. It differs from the one when the mutation was sent if that copy
// has since gone down or turned out to be wrong.
func (c *Call) leads() uint16 {
	if c.follow >= 0 && !c.e.counts(c.lead, c.key) && c.e.counts(c.follow, c.key) {
		return call.Follow
	}
	return call.Lead
}

// sound reports whether the answer of the copy in slot may be used. It may not if that copy's value is known to have
// been wrong when the mutation arrived, and was not deleted first. The answer to a mutation that ignores the old value
// may always be used.
func (c *Call) sound(slot uint16) bool {
	i := c.at(slot)
	if slot == call.Follow && c.mayLack() {
		return false
	}
	return c.traits.Blind || i < 0 || !c.e.outdated(i, c.key, c.sent[slot]) && !c.e.Distrusted(i)
}

// verdict returns whose answer the client gets, and which copies are dirty now. If the word of the lead counted when
// it answered, that stands, even if the lead is down or wrong by now: a client may have read what the lead has made of
// the mutation. If the other copy has come to another result, nobody may read that. The word of a lead that is in use
// although it lacks what the other copy has does not stand: it is taken out to be filled as soon as that can be done.
func (c *Call) verdict() decide.Verdict {
	if c.follow < 0 && c.leadOutcome.Kind != ascii.Lost {
		return decide.Verdict{Answer: decide.AnswerLead}
	}
	d, o := c.leadOutcome, c.followOutcome
	swap := c.leads() == call.Follow && !c.said
	ds, os := uint16(call.Lead), uint16(call.Follow)
	if swap {
		d, o, ds, os = o, d, os, ds
	}
	if !c.said && !c.sound(ds) {
		d = decide.Outcome{}
	}
	if d.Kind == ascii.Lost && !c.sound(os) {
		o = decide.Outcome{}
	}
	v := decide.Judge(c.traits.Removes, d, o)
	v.FollowMissed = v.FollowMissed || c.flushEpoch != c.e.Flushes() || c.traits.Diverges && !d.Kind.Refused()
	if swap {
		v = v.Swapped()
	}
	return v
}

// settle is called with the last reply, r of slot. The other copy's reply, if there was one, is in Held.
func (c *Call) settle(slot uint16, r *ascii.Reply) {
	v := c.verdict()
	c.settled(v)
	if v.Answer == decide.AnswerError {
		c.e.MarkUndecided(c.lead, c.follow, c.key, v.LeadMissed, v.FollowMissed)
	} else {
		c.markDirty(v.FollowMissed, c.follow, c.followOutcome)
		c.markDirty(v.LeadMissed, c.lead, c.leadOutcome)
	}
	if c.Answered() {
		return // --ack primary
	}
	if v.Answer == decide.AnswerError {
		c.fail()
		return
	}
	of, kind := uint16(call.Lead), c.leadOutcome.Kind
	if v.Answer != decide.AnswerLead {
		of, kind = call.Follow, c.followOutcome.Kind
	}
	i, raw := c.at(of), c.replyOf(of, slot, r)
	if c.isAlone(i, kind, raw) {
		return
	}
	c.e.countMutation(c.op, kind)
	c.finish(kind, c.withTags(i, raw))
}

// settled notes which copies of the key are right by now: the one that answers, and those on which a mutation that
// leaves nothing of the old value was carried out.
func (c *Call) settled(v decide.Verdict) {
	if c.follow < 0 {
		return
	}
	anew := c.traits.Blind || c.traits.Removes || c.traits.Whole && decide.Succeeded(c.leadOutcome.Kind)
	if !v.LeadMissed && c.leadOutcome.Executed() && (v.Answer == decide.AnswerLead || anew) {
		c.e.Settled(c.lead, c.key, c.sent[call.Lead])
	}
	if !v.FollowMissed && c.followOutcome.Executed() && (v.Answer == decide.AnswerFollow || anew) {
		c.e.Settled(c.follow, c.key, c.sent[call.Follow])
	}
}

// markDirty marks the key as dirty on a server if dirty is set. o is what that server made of the mutation.
func (c *Call) markDirty(dirty bool, server int, o decide.Outcome) {
	switch {
	case !dirty || server < 0:
	case o.Kind == ascii.Lost:
		c.e.MarkMissed(server, c.key)
	default:
		c.e.MarkDiverged(server, c.key)
	}
}

// replyOf returns the reply of the copy in slot want, given that slot has just replied r.
func (c *Call) replyOf(want, slot uint16, r *ascii.Reply) []byte {
	if want == slot {
		return r.Raw
	}
	return c.Held
}
