package shard

import (
	"hash/maphash"

	"magent/ascii"
)

// ownerOf names the shard that carries out all requests for a key.
func (svc *Service) ownerOf(key []byte) *Shard {
	return svc.shards[maphash.Bytes(svc.seed, key)%uint64(len(svc.shards))]
}

// mustWait sets a barrier in front of a flush_all when there are several loops: they have connections of their own, so
// it has to wait for all that the client has asked before, and what comes behind it waits for it (flushAll).
func (s *session) mustWait(r *ascii.Request) bool {
	if r.Op == ascii.OpFlushAll && len(s.sh.svc.shards) > 1 {
		s.barrier = s.last
	}
	return s.barrier != nil
}

// route carries r out here, or sends it to the loop that owns its key.
func (s *session) route(r *ascii.Request) {
	svc := s.sh.svc
	switch {
	case len(svc.shards) == 1:
		s.pool.Engine.Do(s.call(), r)
	case r.Op == ascii.OpFlushAll:
		s.flushAll(r)
	case r.NumKeys > 1:
		s.scatter(r)
	default:
		s.forward(svc.ownerOf(r.Key), r)
	}
}

// forward has r carried out by owner.
func (s *session) forward(owner *Shard, r *ascii.Request) {
	if owner == s.sh {
		s.pool.Engine.Do(s.call(), r)
	} else {
		s.sh.send(owner, s.pool, s.call(), r.Raw)
	}
}

// drop carries out a set that is refused for its size: the old value goes, on the loop that owns the key.
func (s *session) drop(r *ascii.Request) {
	owner := s.sh.svc.ownerOf(r.Key)
	if owner == s.sh {
		s.pool.Engine.Drop(s.call(), r, r.Reply)
		return
	}
	e := s.sh.newErrand(owner, s.pool, s.call(), nil)
	e.key = append(e.key[:0], r.Key...)
	e.line = append(e.line[:0], r.Reply...)
	e.quiet, e.op = r.Quiet, r.Op
	s.sh.L.SendTo(owner.L, e)
}
