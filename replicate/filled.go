package replicate

import (
	"bytes"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/hot"
)

// missLine is the reply to a get of a key that is not stored.
var missLine = []byte("END\r\n")

// Answer takes the reply to a fill, and answers the gets that wait for it.
func (x *fill) Answer(c *call.Call, raw []byte) {
	e := x.call.e
	m, cache := &e.memory, e.refreshed()
	m.fills[x.read] = nil
	v, out, keep, ok := hot.AppendValue(m.reply[:0], cache.Key(x.read), raw)
	m.reply = nil // it is in use
	switch found := ok || bytes.HasPrefix(raw, []byte("EN")); {
	case found && (keep || !ok):
		cache.Answered(x.read, v)
	default:
		cache.Failed(x.read)
	}
	gone := x.call.gone
	c.Release()
	for w := x.first; w != nil; {
		next := w.waits
		w.waits = nil
		w.filled(raw, v, ok, gone)
		w = next
	}
	x.call, x.first, x.last = nil, nil, nil
	m.spare = append(m.spare, x)
	m.reply = call.Trim(out)
}

// filled answers a get that has waited for a fill. raw is the reply to that, and v the value, if there is one (ok).
// gone: no server could answer. If a server has refused the mg, it gets the get.
func (c *Call) filled(raw []byte, v hot.Value, ok, gone bool) {
	c.Arrived()
	c.Begin()
	e := c.e
	switch {
	case ok:
		c.answerValue(v.Reply, v.CAS)
	case gone:
		c.noteLoss()
		c.finish(ascii.ServerError, raw)
	case e.Retired:
		c.finish(ascii.ServerError, e.gone())
	case bytes.HasPrefix(raw, []byte("EN")):
		e.countRead(c.op, &ascii.Reply{Kind: ascii.Values})
		c.finish(ascii.Values, missLine)
	default:
		c.lead, c.follow = e.place(c.key)
		c.shape = ascii.ShapeValues
		e.read(c, &ascii.Request{Op: c.op, Key: c.key})
	}
	c.End()
	c.recycle()
}

// answerValue answers a get or gets with a value that was found. reply is that to a get.
func (c *Call) answerValue(reply []byte, cas uint64) {
	c.e.countRead(c.op, &ascii.Reply{Kind: ascii.Values, Hits: 1})
	if c.op == ascii.OpGets {
		c.Held = hot.AppendWithToken(c.Held[:0], reply, cas)
		reply = c.Held
	}
	c.finish(ascii.Values, reply)
}
