package replicate

import (
	"magent/ascii"
	"magent/internal/call"
)

// finish answers the client, unless it already has its answer. A quiet command (noreply, q) gets no reply.
func (c *Call) finish(kind ascii.Kind, reply []byte) {
	if c.quiet && (c.op < ascii.OpMetaGet || ascii.QuietHides(c.op, kind)) {
		reply = nil
	}
	c.Finish(reply)
}

// fail tells the client that no server could answer.
func (c *Call) fail() {
	if c.Answered() {
		return
	}
	c.gone = true
	c.noteLoss()
	c.Held = c.e.appendUnavailable(c.Held[:0], c)
	c.finish(ascii.ServerError, c.Held)
}

// Lose answers c, a part of a multi-get, with an error line: nobody could answer any key of it.
func (c *Call) Lose(line []byte) {
	c.op = ascii.OpGet
	c.noteLoss()
	c.Answer(line)
}

// noteLoss counts an error. The exception is a part of a multi-get of which the client gets what there is: the other
// parts may still be hits, so only Lost is set.
func (c *Call) noteLoss() {
	c.Lost = c.Part != call.Whole && c.e.Partial()
	if !c.Lost && !c.fill {
		c.e.countError(c.op)
	}
}
