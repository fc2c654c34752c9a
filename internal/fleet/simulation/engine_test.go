package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"magent/internal/fleet/core"
)

// missed is a key that a server may hold a wrong value of.
type missed struct{ server, key string }

// source is how a process has come to know of it.
type source struct {
	epoch uint64
	by    uint64 // its incarnation then
}

// engine is a small copy of what a magent does with requests as an owner: both copies of a key, dirty keys,
// repair. It keeps what the core asks for to the letter, unless a guard is switched off.
type engine struct {
	n      *node
	conns  map[string]*conn // by server
	away   map[string]*conn // lost, and not known to be closed by the server
	groups map[string]*serving
	fences map[string]bool // servers that are being asked
	asking map[string]bool
	diskAt time.Duration
	serial int
	// since is raised when all is dropped: what was under way does not go on.
	since int
}

// serving is a group that is owned.
type serving struct {
	epoch  uint64
	began  time.Duration
	ready  bool
	ceding bool
	locked map[string]bool
	queue  []*request
	check  int // comparisons under way
}

// request is a client's at the owner.
type request struct {
	*op
	group    string // as the member has it
	from     *node
	process  int
	epoch    uint64
	deadline time.Duration // by the member's clock
}

func newEngine(n *node) *engine {
	return &engine{
		n: n, conns: map[string]*conn{}, away: map[string]*conn{}, groups: map[string]*serving{},
		fences: map[string]bool{}, asking: map[string]bool{},
	}
}

func copiesOf(group string) (primary, backup string) {
	if group == "p" {
		return "s0", "s1"
	}
	return "s1", "s0"
}

func (e *engine) dirty(server, key string) bool { return e.n.journal[missed{server, key}].epoch > 0 }

// markDirty records that a server may hold a wrong value. It is known before anything else is done.
func (e *engine) markDirty(g string, s *serving, server, key string) {
	if e.dirty(server, key) {
		return
	}
	e.n.w.log("%s: %s is dirty on %s", e.n, key, server)
	e.n.journal[missed{server, key}] = source{s.epoch, e.n.core.Incarnation()}
	e.record(g, s, server, key, false)
}

func (e *engine) record(g string, s *serving, server, key string, clears bool) uint64 {
	return e.n.core.Record(core.Record{
		Kind: core.Knowledge, Group: g, Epoch: s.epoch, Clears: clears, Data: []byte(server + " " + key),
	})
}

// learn keeps what another member recorded.
func (e *engine) learn(r core.Record) {
	server, key, _ := strings.Cut(string(r.Data), " ")
	switch {
	case server == "*":
		e.forget(r.Group, r.Epoch)
	case r.Clears:
		delete(e.n.journal, missed{server, key})
	default:
		e.n.journal[missed{server, key}] = source{r.Epoch, e.n.core.Incarnation()}
	}
}

// forget what was known of a group from an earlier epoch, or by this process's predecessors: its owner has
// recorded again what counts.
func (e *engine) forget(group string, epoch uint64) {
	maps.DeleteFunc(e.n.journal, func(m missed, from source) bool {
		return e.n.groupOf(m.key) == group && (from.epoch < epoch || from.by != e.n.core.Incarnation())
	})
}

// tell records again all that is known of the groups that this process owns, whether it decides for them yet or not.
func (e *engine) tell(name string, incarnation uint64) {
	v := e.n.core.View()
	for _, g := range v.Groups {
		switch s := e.groups[g.Name]; {
		case s != nil:
			e.again(g.Name, s)
		case g.Owner == e.n.cfg.Name:
			for _, m := range e.knowledge(g.Name) {
				e.record(g.Name, &serving{epoch: e.n.journal[m].epoch}, m.server, m.key, false)
			}
		}
	}
	e.n.core.Told(name, incarnation)
}

// again records all that is known of a group, and that whatever was known from before its epoch is void.
func (e *engine) again(group string, s *serving) {
	for _, m := range e.knowledge(group) {
		e.n.journal[m] = source{s.epoch, e.n.core.Incarnation()}
		e.record(group, s, m.server, m.key, false)
	}
	e.record(group, s, "*", "*", true)
}

func (e *engine) knowledge(group string) (all []missed) {
	for m := range e.n.journal {
		if group == "" || e.n.groupOf(m.key) == group {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b missed) int { return strings.Compare(a.server+a.key, b.server+b.key) })
	return all
}

// own begins to take a group over. settled: whoever decided before has left nothing to be compared.
func (e *engine) own(group string, epoch uint64, settled bool) {
	s := &serving{epoch: epoch, began: e.n.w.now, locked: map[string]bool{}}
	e.groups[group] = s
	e.again(group, s)
	if settled {
		e.n.w.check.settled++
		e.serveIfReady(group, s)
		return
	}
	e.takeOver(group, s)
}

// valid tells whether a group is still owned as it was.
func (e *engine) valid(group string, s *serving, since int) bool {
	return e.since == since && e.groups[group] == s
}

// takeOver compares the copies of all keys: what was under way at the predecessor may be on one only.
func (e *engine) takeOver(group string, s *serving) {
	since := e.since
	p, b := copiesOf(group)
	again := func(d time.Duration) {
		process := e.n.process
		e.n.w.after(d, func() {
			e.n.do(process, func() {
				if e.valid(group, s, since) {
					e.takeOver(group, s)
					e.n.drain()
				}
			})
		})
	}
	pc, bc := e.usable(group, s, p), e.usable(group, s, b)
	if pc == nil && bc == nil || (pc == nil || bc == nil) && e.n.w.now-s.began < 400*ms {
		again(5 * ms)
		return
	}
	for _, key := range e.n.keysOf(group) {
		switch {
		case pc == nil && !e.dirty(b, key):
			e.markDirty(group, s, p, key)
		case bc == nil && !e.dirty(p, key):
			e.markDirty(group, s, b, key)
		case pc != nil && bc != nil && !e.dirty(p, key) && !e.dirty(b, key):
			e.compare(group, s, key)
		}
	}
	e.serveIfReady(group, s)
}

func (e *engine) compare(group string, s *serving, key string) {
	s.check++
	p, b := copiesOf(group)
	cmd := command{group: group, epoch: s.epoch, key: key}
	e.both(group, s, []string{p, b}, cmd, func(values map[string]int) {
		s.check--
		pv, pok := values[p]
		bv, bok := values[b]
		switch {
		case !pok && bok:
			e.markDirty(group, s, p, key)
		case !pok || !bok || pv != bv:
			e.markDirty(group, s, b, key)
		}
		e.serveIfReady(group, s)
		e.handedOver(group, s)
	})
}

func (e *engine) serveIfReady(group string, s *serving) {
	if s.check > 0 || s.ready {
		return
	}
	e.n.w.check.knows(e.n, group)
	s.ready = true
	queue := s.queue
	s.queue = nil
	for _, r := range queue {
		e.take(r)
	}
}

// drop forgets all, and resets the connections.
func (e *engine) drop() {
	e.since++
	e.fences = map[string]bool{}
	for _, all := range []map[string]*conn{e.conns, e.away} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			all[name].end(true)
		}
	}
	e.conns, e.away, e.groups = map[string]*conn{}, map[string]*conn{}, map[string]*serving{}
}

// cede forgets a group that was handed over.
func (e *engine) cede(group string) { delete(e.groups, group) }

// handOver finishes what is under way.
func (e *engine) handOver(group string, epoch uint64) {
	s := e.groups[group]
	if s == nil || s.epoch != epoch {
		return
	}
	s.ceding = true
	for _, r := range s.queue {
		e.giveBack(r)
	}
	s.queue = nil
	e.handedOver(group, s)
}

func (e *engine) handedOver(group string, s *serving) {
	if s.ceding && len(s.locked) == 0 && s.check == 0 && e.groups[group] == s {
		for _, name := range []string{"s0", "s1"} {
			if c := e.away[name]; c != nil {
				c.end(true) // the next owner begins, so nothing is read any more that has the server go on
			}
		}
		e.n.core.Released(e.n.local(), group, s.epoch, s.ready)
	}
}

// giveBack tells the member that a request was not carried out.
func (e *engine) giveBack(r *request) {
	e.n.w.link(e.n, r.from, func() {
		r.from.do(r.process, func() { r.from.returned(r.id, r.epoch) })
	})
}

// take takes a request that has come over a link.
func (e *engine) take(r *request) {
	s := e.groups[r.group]
	switch {
	case s == nil || s.ceding || s.epoch != r.epoch:
		if epoch, ok := e.n.core.Owns(r.group); !ok || epoch != r.epoch || s != nil && s.ceding {
			// An owner to be, who is still waiting for its time, keeps what comes.
			v := e.n.core.View()
			g := v.Group(r.group)
			if r.epoch > v.Epoch || g != nil && g.Since == r.epoch && !ok && (s == nil || !s.ceding) {
				e.retry(r)
				return
			}
			e.giveBack(r)
			return
		}
		e.retry(r)
	case !s.ready || s.locked[r.key]:
		s.queue = append(s.queue, r)
	// The member has said, or will say, that it came too late.
	case !e.n.clocks[r.from.id].Before(e.n.local(), r.deadline):
	case r.write:
		e.write(r.group, s, r)
	default:
		e.read(r.group, s, r)
	}
	e.n.drain()
}

func (e *engine) retry(r *request) {
	process := e.n.process
	e.n.w.after(20*ms, func() {
		e.n.do(process, func() {
			if e.n.clocks[r.from.id].Before(e.n.local(), r.deadline) {
				e.take(r)
			}
		})
	})
}

func (e *engine) unlock(group string, s *serving, key string) {
	delete(s.locked, key)
	e.handedOver(group, s)
	for i, r := range s.queue {
		if r.key == key {
			s.queue = slices.Delete(s.queue, i, i+1)
			e.take(r)
			return
		}
	}
}

// reply answers the member when all that was recorded until now is kept by all.
func (e *engine) reply(r *request, out outcome, value int) {
	since, n := e.since, e.n
	seq := e.last()
	process := n.process
	var try func()
	try = func() {
		if e.since != since {
			return
		}
		if !n.core.Kept(seq) {
			n.w.after(5*ms, func() { n.do(process, try) })
			return
		}
		n.w.check.leaves(n, r, seq)
		if r.from == n {
			n.answered(r.id, out, value)
			return
		}
		n.w.link(n, r.from, func() {
			r.from.do(r.process, func() { r.from.answered(r.id, out, value) })
		})
	}
	try()
}

// last is the number of the last record.
func (e *engine) last() uint64 { return e.n.core.Recorded() }

func (e *engine) String() string { return fmt.Sprint(e.n, " ", len(e.conns)) }
