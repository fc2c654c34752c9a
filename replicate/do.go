package replicate

import (
	"magent/ascii"
	"magent/replicate/decide"
)

// Do carries out r and answers c, now or when the servers have replied. r and everything that it refers to are
// borrowed for the call.
func (e *Engine) Do(c *Call, r *ascii.Request) {
	c.Begin()
	c.op, c.quiet, c.plan = r.Op, r.Quiet, decide.PlanOf(r)
	c.tokens = e.Backups != nil && showsToken(r)
	c.echoes = r.Op >= ascii.OpMetaGet && r.Meta.Has('k') && ascii.TextKey(r.Key)
	if e.Retired {
		c.finish(ascii.ServerError, e.gone())
	} else {
		e.start(c, r)
	}
	c.End()
	c.recycle()
}

// start carries out r according to its plan. A request for one key takes these steps:
//
//   - fromMemory answers a get of a key whose value is in memory.
//   - place finds the two copies, and lacking checks that their servers know the command.
//   - A read is sent (read).
//   - For a mutation, note records its traits, and begin prepares the key on both copies.
//   - Then the mutation is sent (mutate). One with a cas token gets the server's own token (untag) and is compared
//     (compare).
func (e *Engine) start(c *Call, r *ascii.Request) {
	switch c.plan {
	case decide.PlanFlush:
		e.flush(c, r)
		return
	case decide.PlanRetrieve:
		e.retrieve(c, r)
		return
	}
	e.Hot.Touch(r.Key)
	if e.memory.Cache != nil && e.fromMemory(c, r) {
		return
	}
	c.lead, c.follow = e.place(r.Key)
	c.shape = r.Shape()
	if c.shape == ascii.ShapeMeta || c.shape == ascii.ShapeTokenMeta {
		if i := e.lacking(c); i >= 0 {
			c.refuse(i)
			return
		}
	}
	if c.plan == decide.PlanRead {
		e.read(c, r)
		return
	}
	c.key = append(c.key[:0], r.Key...)
	c.traits.Note(r, e.Backups != nil)
	e.begin(c)
	if c.plan == decide.PlanCompare {
		e.untag(c, r)
		e.compare(c, r)
		return
	}
	e.mutate(c, r)
}
