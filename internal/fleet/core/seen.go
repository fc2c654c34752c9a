package core

import (
	"slices"

	"go.etcd.io/raft/v3"
)

// What people are shown of a member. Nothing here changes anything that the core decides by.

// Heard tells whether the process that the view has of a member was heard in the last ticks. Of this process itself
// it is true.
func (c *Core) Heard(name string) bool {
	m := c.view.Member(name)
	if name == c.cfg.Name || m == nil || m.Incarnation == 0 {
		return name == c.cfg.Name
	}
	h := c.heard[name][m.Incarnation]
	return h != nil && c.tick-h.Last <= suspectTicks
}

// In tells whether this process takes part in the view, joining or alive. One that knows of a newer view, and of
// nobody who leads, may be out of it: who leads says that, and it does not hear him.
func (c *Core) In() bool {
	return c.in && !(c.log != nil && c.log.node.BasicStatus().Lead == raft.None && c.overtaken())
}

// overtaken tells whether others know a newer view.
func (c *Core) overtaken() bool {
	return slices.ContainsFunc(c.cfg.List, func(p Peer) bool {
		h := c.latest(p.Name)
		return h != nil && h.Generation == c.meta.Generation && h.Hello.Epoch > c.view.Epoch
	})
}

// Changing tells whether this member wants other pools, and that is not decided yet.
func (c *Core) Changing() bool { return c.wish != nil }

// Unkept is how many records of this process some member of the view does not have yet.
func (c *Core) Unkept() uint64 { return c.stream.seq - c.stream.keptByAll() }

// Pools is what places keys, as this member has it. It must not be changed.
func (c *Core) Pools() []byte { return c.cfg.Pools }
