package gate

import (
	"slices"

	"magent/internal/fleet/core"
)

// Begin begins a term. It is called on the member's goroutine, when Own is decided.
func (g *Gate) Begin(group string, epoch uint64, life Life) *Term {
	t := &Term{Group: group, Epoch: epoch, Life: life, g: g}
	g.mu.Lock()
	g.terms = append(g.terms, t)
	g.mu.Unlock()
	return t
}

// May reports whether something may be sent to a server in this term. It has to be asked right before each write.
// When it says no, the term is over, and all that waits to be written has to be dropped.
func (t *Term) May() bool {
	switch {
	case t.over.Load():
		return false
	case t.g.May():
		return true
	}
	t.g.lose()
	return false
}

// lose ends all terms, because one of them has found the lease to have ended. The member has to hear of it: its own
// clock may say that the lease was renewed in time.
func (g *Gate) lose() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lost = true
	g.end()
	g.ask()
}

// end ends all terms. What loops learn from now on is not recorded, so no reply may rest on it. A number stands for
// that, and nothing behind it is kept until all is dropped (Forget).
func (g *Gate) end() {
	if len(g.terms) == 0 {
		return
	}
	for _, t := range g.terms {
		t.over.Store(true)
	}
	g.terms = nil
	if g.barrier.Load() == 0 {
		g.barrier.Store(g.recorded.Load() + 1)
		g.recorded.Add(1)
		g.ask() // so that who waits for that number goes on (TakenTo)
	}
}

// End ends the term, because the group was handed over.
func (t *Term) End() {
	t.g.mu.Lock()
	defer t.g.mu.Unlock()
	t.over.Store(true)
	t.g.terms = slices.DeleteFunc(t.g.terms, func(o *Term) bool { return o == t })
}

// Over reports whether the term has ended.
func (t *Term) Over() bool { return t.over.Load() }

// RecordOf has all members told what this process knows of another group: its owner records it again. When the term is
// over it records nothing.
func (t *Term) RecordOf(group string, r core.Record) {
	t.g.mu.Lock()
	defer t.g.mu.Unlock()
	if !t.over.Load() {
		r.Group = group
		t.g.record(r)
	}
}

// Record has all members told of something, and returns its number. What servers have missed is of the term's group
// and epoch, a connection of its life. When the term is over it records nothing, and ok is false.
func (t *Term) Record(r core.Record) (number uint64, ok bool) {
	t.g.mu.Lock()
	defer t.g.mu.Unlock()
	if t.over.Load() {
		return t.g.recorded.Load(), false
	}
	if r.Kind == core.Knowledge {
		r.Group, r.Epoch = t.Group, t.Epoch
	} else {
		r.Name, r.Incarnation, r.Life = t.Life.Name, t.Life.Incarnation, t.Life.Life
	}
	return t.g.record(r), true
}

// Gate is the gate that the term belongs to.
func (t *Term) Gate() *Gate { return t.g }
