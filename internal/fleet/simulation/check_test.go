package simulation

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"magent/internal/fleet/core"
	"magent/internal/fleet/view"
)

// check knows all, and looks at each step whether a promise is broken.
type check struct {
	w     *world
	found string // the first that was broken, empty: none
	kinds map[string]int
	// lenient: what is promised is not looked at.
	lenient bool

	serial  uint64
	values  map[string]*register // by key
	ops     map[uint64]*op
	done    map[sentTo]int // how often a mutation was executed
	newest  map[string]core.Decision
	links   map[path]time.Duration // when the last message on a link arrives
	served  int
	unknown int
	failed  int
	takes   int
	settled int // of these: without a comparison
	turned  int // how often members went over to other pools
	kept    int // how often one did not that was ready to
}

type sentTo struct {
	request uint64
	server  string
}

// register is what a key can hold as far as clients can know.
type register struct {
	can     map[int]bool
	pending *op          // the write that is under way
	reads   map[*op]bool // under way
}

func newCheck(w *world) *check {
	return &check{
		w: w, kinds: map[string]int{}, values: map[string]*register{}, ops: map[uint64]*op{}, done: map[sentTo]int{},
		newest: map[string]core.Decision{}, links: map[path]time.Duration{},
	}
}

func (c *check) violated(format string, args ...any) {
	if c.found == "" && !c.lenient {
		c.found = fmt.Sprintf("at %v: ", c.w.now) + fmt.Sprintf(format, args...)
		c.w.log("%s", c.found)
	}
}

// begin makes an operation for a client.
func (c *check) begin(w *world, n *node) *op {
	keys := allKeys
	c.serial++
	o := &op{id: c.serial, key: keys[w.rng.IntN(len(keys))], member: n}
	r := c.values[o.key]
	if r == nil {
		r = &register{can: map[int]bool{0: true}, reads: map[*op]bool{}}
		c.values[o.key] = r
	}
	if r.pending == nil && w.chance(0.6) {
		o.write, o.value = true, int(o.id)
		r.pending = o
		for read := range r.reads {
			read.allowed[o.value], read.crossed = true, true
		}
	} else {
		o.allowed = maps.Clone(r.can)
		if r.pending != nil {
			o.allowed[r.pending.value], o.crossed = true, true
		}
		r.reads[o] = true
	}
	c.ops[o.id] = o
	return o
}

// end judges what a client was told.
func (c *check) end(w *world, o *op, out outcome) {
	r := c.values[o.key]
	w.log("%v ends %d", o, out)
	switch out {
	case done:
		c.served++
	case failed:
		c.failed++
	case unknown:
		c.unknown++
	}
	if !o.write {
		delete(r.reads, o)
		if out == done && !o.allowed[o.value] {
			c.violated("promise 1: %v of %s, where only %v can be", o, o.member, slices.Sorted(maps.Keys(o.allowed)))
		}
		if out == done && !o.crossed {
			r.can = map[int]bool{o.value: true}
		}
		return
	}
	r.pending = nil
	switch out {
	case done:
		r.can = map[int]bool{o.value: true}
	case unknown:
		r.can[o.value] = true
	}
	for read := range r.reads {
		for v := range r.can {
			read.allowed[v] = true
		}
	}
}

// stuck is called when a client has waited for very long.
func (c *check) stuck(o *op) {
	if !o.told {
		c.violated("promise 4: %v has no answer from %s", o, o.member)
	}
}

// owns: I1, I2. Nobody decides in an epoch when somebody has begun in a later one.
func (c *check) owns(n *node, d core.Decision) {
	c.takes++
	if before := c.newest[d.Group]; d.Epoch <= before.Epoch {
		c.violated("I1: %s begins with %s in epoch %d, after %d", n, d.Group, d.Epoch, before.Epoch)
	}
	for _, m := range c.w.nodes {
		if _, ok := ownsGroup(m, d.Group); ok && m != n && m.core.LeaseUntil() > m.local() {
			c.violated("I2: %s begins with %s in epoch %d, and %s holds its lease until %v", n, d.Group, d.Epoch, m,
				m.core.LeaseUntil()-m.local())
		}
	}
	c.newest[d.Group] = d
}

// sends looks at what leaves for a server.
func (c *check) sends(n *node, to *conn, cmd command) {
	if cmd.epoch != c.newest[cmd.group].Epoch {
		c.violated("I1: %s sends for %s in epoch %d, when %d has begun", n, cmd.group, cmd.epoch,
			c.newest[cmd.group].Epoch)
	}
	if g := n.groupOf(cmd.key); g != cmd.group {
		c.violated("I10: %s sends for %s what belongs to %s, of %s", n, cmd.group, g, cmd.key)
	}
	if !cmd.mutation {
		return
	}
	if o := c.ops[cmd.request]; cmd.request != 0 && o.told && !o.lost {
		c.violated("I9: %s sends %v, of which the client was told", n, o)
	}
	c.members(n, func(m *node) {
		if !m.core.Knows(to.record) {
			c.violated("I4: %s sends on %s, which %s does not know", n, to.record.Address, m)
		}
	})
}

// members visits the other members of a process's view that are well, as it sees them.
func (c *check) members(n *node, visit func(*node)) {
	v := n.core.View()
	for _, m := range c.w.nodes {
		member := v.Member(m.cfg.Name)
		if m != n && m.up && member.State == view.Alive && !member.Witness &&
			member.Incarnation == m.core.Incarnation() {
			visit(m)
		}
	}
}

// executed: I3, I7. What a memcached executes is of the newest epoch that it has seen, and is executed once.
func (c *check) executed(s *server, from *conn, cmd command) {
	if s.highest == nil {
		s.highest = map[string]uint64{}
	}
	if cmd.mutation && cmd.epoch < s.highest[cmd.group] {
		c.violated("I3: %s executes for %s what %s has sent in epoch %d, after epoch %d",
			s.name, cmd.key, from.n, cmd.epoch, s.highest[cmd.group])
	}
	if cmd.mutation && cmd.epoch < s.highest[cmd.key] {
		c.violated("I3: %s executes for %s what %s has sent in epoch %d, after epoch %d",
			s.name, cmd.key, from.n, cmd.epoch, s.highest[cmd.key])
	}
	s.highest[cmd.key] = max(s.highest[cmd.key], cmd.epoch)
	s.highest[cmd.group] = max(s.highest[cmd.group], cmd.epoch)
	if cmd.request == 0 {
		return
	}
	c.done[sentTo{cmd.request, s.name}]++
	if c.done[sentTo{cmd.request, s.name}] > 1 {
		c.violated("I7: %s executes %v twice", s.name, c.ops[cmd.request])
	}
}

// leaves: I5. What the owner knows when a reply leaves, the others know.
func (c *check) leaves(n *node, r *request, seq uint64) {
	if n.core.Recorded() > seq || r.epoch != c.newest[r.group].Epoch {
		return // there are others by now, or it was stopped, and what it goes on with is of the time before
	}
	c.members(n, func(m *node) {
		for k := range n.journal {
			if n.groupOf(k.key) == r.group && m.journal[k].epoch == 0 {
				c.violated("I5: %v leaves %s, and %s does not know that %v is dirty", r.op, n, m, k)
			}
		}
	})
}

// knows: I6. Who begins to serve knows of each copy that has not what clients can expect, or not what the other has.
func (c *check) knows(n *node, group string) {
	for _, key := range n.keysOf(group) {
		r := c.values[key]
		if r == nil {
			continue
		}
		p, b := c.w.servers[0], c.w.servers[1]
		if p.data[key] != b.data[key] && n.journal[missed{p.name, key}].epoch == 0 &&
			n.journal[missed{b.name, key}].epoch == 0 {
			c.violated("I6: %s takes %s over, and does not know that the copies of %s are %d and %d",
				n, group, key, p.data[key], b.data[key])
		}
		for _, s := range c.w.servers {
			v := s.data[key]
			expected := r.can[v] || r.pending != nil && r.pending.value == v
			if !expected && n.journal[missed{s.name, key}].epoch == 0 {
				c.violated("I6: %s takes %s over, and does not know that %s has %d for %s, where only %v can be",
					n, group, s.name, v, key, slices.Sorted(maps.Keys(r.can)))
			}
		}
	}
}

// quiet: when nothing has failed for a while, all take part in one generation, all is served, and the copies are
// equal.
func (c *check) quiet() {
	var first *node
	for _, n := range c.w.nodes {
		if !n.up {
			continue
		}
		if n.broken != "" {
			c.violated("%s: %s", n, n.broken)
		}
		if first == nil {
			first = n
		}
		a, b := n.core.View(), first.core.View()
		if !n.core.Joined() || a.Generation != b.Generation || a.Epoch != b.Epoch {
			c.violated("%s does not take part as %s does: %s, and %s; joined %v",
				n, first, a.String(), b.String(), n.core.Joined())
		}
	}
	v := first.core.View()
	for _, g := range v.Groups {
		decided := false
		for _, n := range c.w.nodes {
			if epoch, ok := ownsGroup(n, g.Name); ok && epoch == g.Since {
				decided = decided || n.engine.groups[g.Name] != nil && n.engine.groups[g.Name].ready
			}
		}
		if !decided {
			c.violated("nobody decides for %s: %s", g.Name, v.String())
		}
		if wish := view.Wish(&v, &g); wish != "" {
			c.violated("%s is not at home with %s: %s", g.Name, wish, v.String())
		}
		for _, key := range first.keysOf(g.Name) {
			if p, b := c.w.servers[0].data[key], c.w.servers[1].data[key]; p != b {
				c.violated("promise 3: the copies of %s are %d and %d", key, p, b)
			}
		}
	}
}

func ownsGroup(n *node, group string) (uint64, bool) {
	if !n.up {
		return 0, false
	}
	return n.core.Owns(group)
}
