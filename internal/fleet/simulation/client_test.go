package simulation

import (
	"fmt"
	"time"
)

// outcome is what a client is told.
type outcome uint8

const (
	done outcome = iota
	failed
	unknown
)

// op is one operation of a client: it writes a value that nobody else writes, or reads.
type op struct {
	id     uint64
	key    string
	value  int // to be written, or that was read
	write  bool
	member *node
	told   bool // the client knows the outcome
	lost   bool // nobody has told it
	finish func(outcome)
	// allowed are the values that a read may see.
	allowed map[int]bool
	crossed bool // a write of the key was under way at some time of it
}

func (o *op) end(out outcome, value int) {
	if !o.told {
		o.told = true
		if !o.write {
			o.value = value
		}
		delete(o.member.clients, o.id)
		o.finish(out)
	}
}

// broken is the end of the client's connection. Nobody has told the client anything, so the request may be carried
// out for a while.
func (o *op) broken() {
	if !o.told {
		o.told, o.lost = true, true
		o.member.w.after(2500*ms, func() { o.finish(unknown) })
	}
}

// client asks random members for random keys, one after the other.
func (w *world) client() {
	if w.ending {
		return
	}
	w.after(w.between(5*ms, 60*ms), func() {
		n := w.nodes[w.rng.IntN(len(w.nodes))]
		if !n.up || n.cfg.List[n.id].Witness {
			w.client()
			return
		}
		o := w.check.begin(w, n)
		o.finish = func(out outcome) {
			w.check.end(w, o, out)
			w.client()
		}
		n.clients[o.id] = o
		w.after(10*time.Second, func() { w.check.stuck(o) })
		n.do(n.process, func() { n.serve(o) })
	})
}

// serve is what a member does with a client's request.
func (n *node) serve(o *op) {
	if n.holding {
		n.held = append(n.held, o)
		return
	}
	n.forward(n.queue.Add(Request{
		ID: o.id, Group: n.groupOf(o.key), Mutation: o.write, Deadline: n.local() + 1500*ms,
	}))
}

// forward hands requests to their owners.
func (n *node) forward(sends []Send) {
	for _, s := range sends {
		o := n.clients[s.ID]
		if o == nil {
			continue // its client has gone; the queue will find out
		}
		r := &request{op: o, group: s.Group, from: n, process: n.process, epoch: s.To.Epoch, deadline: s.Deadline}
		for _, to := range n.w.nodes {
			if to.cfg.Name != s.To.Name {
				continue
			}
			if to == n {
				n.engine.take(r)
				continue
			}
			process := to.process
			n.w.link(n, to, func() { to.do(process, func() { to.engine.take(r) }) })
		}
	}
}

// link carries requests and answers, in order, or not at all.
func (w *world) link(from, to *node, deliver func()) {
	if w.cut[path{from.id, to.id}] {
		return
	}
	key := path{from.id, to.id}
	at := max(w.check.links[key], w.now+w.between(ms/5, ms))
	w.check.links[key] = at
	w.after(at-w.now, func() {
		if !w.cut[key] {
			deliver()
		}
	})
}

// expire ends what has waited too long.
func (n *node) expire() {
	for _, e := range n.queue.Expire(n.local()) {
		if o := n.clients[e.ID]; o != nil {
			out := failed
			if e.Unknown {
				out = unknown
			}
			o.end(out, 0)
		}
	}
}

// answered is the owner's answer at the member.
func (n *node) answered(id uint64, out outcome, value int) {
	if n.queue.Answered(id) {
		if o := n.clients[id]; o != nil {
			o.end(out, value)
		}
	}
}

// returned says that the request was not carried out.
func (n *node) returned(id, epoch uint64) {
	n.queue.Returned(id, epoch)
	n.route()
}

// allKeys are those that clients ask for.
var allKeys = []string{"p0", "p1", "p2", "q0", "q1", "q2"}

func (o *op) String() string {
	return fmt.Sprintf("op %d %s write %v value %d", o.id, o.key, o.write, o.value)
}
