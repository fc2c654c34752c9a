package replicate

import (
	"magent/ascii"
	"magent/internal/call"
	"magent/replicate/decide"
)

// A mutation that depends on a cas token goes to the lead alone first, because the token means nothing to the other
// copy. Once the lead has accepted it, the same mutation goes to the other copy without the condition.
//
// Other mutations of the key may arrive between the two steps. The lead gets them after the compare, so the other copy
// must as well: they wait in the queue of the key's order (order.go). Reads go to the lead and never wait.

// compare takes the first step: it asks the lead, or the other copy if that is the only usable one.
func (e *Engine) compare(c *Call, r *ascii.Request) {
	if c.noRoom() {
		c.fail()
		return
	}
	c.leadOutcome, c.followOutcome = decide.Outcome{}, decide.Outcome{}
	c.binary = c.op >= ascii.OpMetaGet && r.Meta.Has('b')
	head, body := e.wire(r)
	head = c.askForValue(head)
	if !c.send(c.lead, call.Lead, head, body, c.shape) {
		// The token is valid only on the copy that untag checked it for.
		if e.Health.Usable(c.lead) || !c.plan.Elsewhere().Allows(false) ||
			!c.send(c.follow, call.Follow, head, body, c.shape) {
			c.fail()
		}
		return
	}
	if c.follow < 0 {
		return
	}
	e.line = ascii.AppendUnconditional(e.line[:0], r)
	c.head = append(c.head[:0], c.askForValue(e.line)...)
	c.body = append(c.body[:0], r.Body...)
	e.orders.push(c)
}

func (c *Call) onCompared(slot uint16, r *ascii.Reply) {
	o := decide.OutcomeOf(c.op, r)
	c.hideValue(r)
	switch {
	case slot == call.Lead && c.follow >= 0:
		c.onFirstStep(o, r)
	case slot == call.Follow && c.leadOutcome.Kind != ascii.Lost:
		c.followOutcome = o
		c.settle(slot, r)
	case o.Untouched:
		c.fail()
	case r.Kind == ascii.Lost:
		c.e.MarkUndecided(c.lead, c.follow, c.key, false, true) // the lead is dirty already if it was asked
		c.fail()
	default:
		if slot == call.Follow && decide.Succeeded(r.Kind) {
			c.e.MarkMissed(c.lead, c.key)
		}
		c.e.countMutation(c.op, r.Kind)
		c.finish(r.Kind, c.withTags(c.at(slot), r.Raw))
	}
}

// onFirstStep handles the lead's reply in a pool with backups. If that server no longer leads the key, its reply
// counts as lost: the other copy decides now.
func (c *Call) onFirstStep(o decide.Outcome, r *ascii.Reply) {
	e := c.e
	s := decide.Compared{Leads: c.queued, Reply: r.Kind, Stales: c.traits.Stales}
	step := s.Next()
	if x := c.order; s.Leads {
		x.held++ // keeps x alive until advance
		e.orders.decided(c)
		if step == decide.StepSend {
			e.cleanAt(c, call.Follow)
			if !c.send(c.follow, call.Follow, c.head, c.body, c.shape) {
				s.Unsent = true
				step = s.Next()
			}
		}
		x.held--
		e.advance(x)
	}
	switch step {
	case decide.StepUnknown:
		e.MarkUndecided(c.lead, c.follow, c.key, !o.Untouched, false)
		c.compareLost()
		return
	case decide.StepSend:
		c.leadOutcome = o
		c.onFirst(call.Lead, r)
		return
	case decide.StepDiscard:
		e.Discard(c.follow, c.key)
	case decide.StepMissed:
		e.MarkMissed(c.follow, c.key)
	case decide.StepNone:
		if c.isLate(c.lead, r) {
			return
		}
	}
	e.countMutation(c.op, r.Kind)
	c.finish(r.Kind, c.withTags(c.lead, r.Raw))
}

// compareLost answers a compare of which nobody knows whether the lead carried it out. From now on the other copy
// leads, and its value has not changed. So the client gets EXISTS, as if somebody else had changed the value first,
// and has to read it again.
func (c *Call) compareLost() {
	if !c.e.counts(c.follow, c.key) {
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
