package session

import (
	"magent/ascii"
	"magent/internal/pool"
)

// mustWait reports whether r has to wait. It is met again when it may be served.
//
// It sets a barrier in front of a flush_all if there are several loops or groups. They have connections of their own,
// so the flush_all waits for everything that the client has asked before. What follows waits for the flush_all
// (flushAll). A request for a group of a fleet waits while that is held.
func (s *Session) mustWait(r *ascii.Request) bool {
	if r.Op == ascii.OpFlushAll && (len(s.sh.group.Shards) > 1 || s.pool.Groups != nil) {
		s.barrier = s.last
	}
	return s.barrier != nil || s.pool.Groups != nil && s.mustAwait(r)
}

// mustAwait reports whether a group is held that r is for.
func (s *Session) mustAwait(r *ascii.Request) bool {
	held := s.pool.HeldGroup()
	if held != nil && r.NumKeys <= 1 && r.Op != ascii.OpFlushAll {
		held = nil
		if g := s.pool.GroupOf(r.Key); len(r.Key) > 0 && g.Waits() {
			held = g
		}
	}
	return s.await(held)
}

// route carries r out here, or sends it to the loop that owns its key. In a fleet the group of the key does it.
func (s *Session) route(r *ascii.Request) {
	g, grouped := s.sh.group, s.pool.Groups != nil
	switch {
	case len(g.Shards) == 1 && !grouped:
		s.pool.Engine.Do(s.call(), r)
	case r.Op == ascii.OpFlushAll:
		s.flushAll(r)
	case r.NumKeys > 1:
		s.sh.Others.Fanout(s.pool, s.call(), r)
	default:
		s.forward(g.OwnerOf(r.Key), s.pool.GroupOf(r.Key), r)
	}
}

// flushAll starts a flush_all. Until it is back, the client's next requests wait.
func (s *Session) flushAll(r *ascii.Request) {
	c := s.call()
	s.barrier = &c.Call
	s.sh.Others.SendFlush(s.pool, c, r.Raw)
}

// forward has r carried out by owner.
func (s *Session) forward(owner *Shard, p *pool.Pool, r *ascii.Request) {
	if owner == s.sh {
		p.Engine.Do(s.callOf(p), r)
	} else {
		s.sh.Others.Send(owner.Others, p, s.callOf(p), r.Raw)
	}
}

// drop carries out a set that is refused for its size: the old value is deleted, on the loop that owns the key.
func (s *Session) drop(r *ascii.Request) {
	owner, p := s.sh.group.OwnerOf(r.Key), s.pool.GroupOf(r.Key)
	if owner == s.sh {
		p.Engine.Drop(s.callOf(p), r, r.Reply)
		return
	}
	s.sh.Others.SendDrop(owner.Others, p, s.callOf(p), r)
}
