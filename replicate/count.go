package replicate

import (
	"magent/ascii"
	"magent/internal/stats"
)

// avoided counts a read of key that goes to the other copy because the key is dirty on server i, which is usable.
func (e *Engine) avoided(i int, key []byte) {
	if i >= 0 && e.Health.Usable(i) && e.Dirty(i).Has(key) {
		e.Tally(i).Avoided++
	}
}

// countRead counts a retrieval of one key as memcached does, which does not count me (meta debug) as one.
func (e *Engine) countRead(op ascii.Op, r *ascii.Reply) {
	e.Count.Outcomes[commandOf(op)][resultOf(op, r)]++
	if op == ascii.OpMetaDebug {
		e.Count.CmdMeta++
		return
	}
	hit := r.Kind == ascii.Values && r.Hits > 0
	if op >= ascii.OpMetaGet {
		e.Count.CmdMeta++
		hit = r.Kind == ascii.MetaVA || r.Kind == ascii.MetaHD
	}
	hits := 0
	if hit {
		hits = 1
	}
	e.countKeys(op, 1, hits)
}

// countKeys counts a retrieval of n keys, hits of which were found.
func (e *Engine) countKeys(op ascii.Op, n, hits int) {
	s := e.Count
	s.CmdGet += uint64(n)
	s.GetHits += uint64(hits)
	s.GetMisses += uint64(n - hits)
	if touches(op) {
		s.CmdTouch += uint64(n)
		s.TouchHits += uint64(hits)
		s.TouchMisses += uint64(n - hits)
	}
}

// countRetrieval counts a retrieval of n keys by a classic command, hits of which were found.
func (e *Engine) countRetrieval(op ascii.Op, n, hits int) {
	e.countKeys(op, n, hits)
	outcomes := &e.Count.Outcomes[commandOf(op)]
	outcomes[stats.Hit] += uint64(hits)
	outcomes[stats.Miss] += uint64(n - hits)
}

// countMutation counts a mutation by the kind of answer that the client gets.
func (e *Engine) countMutation(op ascii.Op, k ascii.Kind) {
	s := e.Count
	s.Outcomes[commandOf(op)][resultOf(op, &ascii.Reply{Kind: k})]++
	found := k != ascii.NotFound && k != ascii.MetaNF
	switch op {
	case ascii.OpDelete:
		tally(found, &s.DeleteHits, &s.DeleteMisses)
	case ascii.OpIncr:
		tally(found, &s.IncrHits, &s.IncrMisses)
	case ascii.OpDecr:
		tally(found, &s.DecrHits, &s.DecrMisses)
	case ascii.OpTouch:
		s.CmdTouch++
		tally(found, &s.TouchHits, &s.TouchMisses)
	case ascii.OpCAS:
		s.CmdSet++
		if k == ascii.Exists {
			s.CasBadval++
		} else {
			tally(found, &s.CasHits, &s.CasMisses)
		}
	case ascii.OpMetaSet:
		s.CmdMeta++
		s.CmdSet++
	case ascii.OpMetaGet:
		s.CmdMeta++
		e.countKeys(op, 1, int(b2u(k == ascii.MetaVA || k == ascii.MetaHD)))
	case ascii.OpMetaDelete, ascii.OpMetaArith:
		s.CmdMeta++
	default:
		s.CmdSet++
	}
}

func tally(hit bool, hits, misses *uint64) {
	*hits += b2u(hit)
	*misses += b2u(!hit)
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// countError counts a request that the proxy itself answers with SERVER_ERROR.
func (e *Engine) countError(op ascii.Op) {
	e.Count.Errors++
	e.Count.Outcomes[commandOf(op)][stats.Error]++
}

// commandOf returns the group of commands under which a request is counted.
func commandOf(op ascii.Op) stats.Command {
	switch op {
	case ascii.OpGet, ascii.OpGets, ascii.OpMetaGet:
		return stats.Get
	case ascii.OpGat, ascii.OpGats:
		return stats.Gat
	case ascii.OpSet, ascii.OpAdd, ascii.OpReplace, ascii.OpAppend, ascii.OpPrepend, ascii.OpMetaSet:
		return stats.Set
	case ascii.OpCAS:
		return stats.CAS
	case ascii.OpDelete, ascii.OpMetaDelete:
		return stats.Delete
	case ascii.OpIncr:
		return stats.Incr
	case ascii.OpDecr:
		return stats.Decr
	case ascii.OpTouch:
		return stats.Touch
	case ascii.OpFlushAll:
		return stats.Flush
	}
	return stats.Other
}

// resultOf returns how a request that was answered with r is counted.
func resultOf(op ascii.Op, r *ascii.Reply) stats.Result {
	switch r.Kind {
	case ascii.Error, ascii.ClientError, ascii.ServerError:
		return stats.Error
	case ascii.NotFound, ascii.NotStored, ascii.Exists, ascii.MetaNF, ascii.MetaNS, ascii.MetaEX, ascii.MetaEN:
		return stats.Miss
	case ascii.Values:
		if r.Hits == 0 {
			return stats.Miss
		}
	}
	switch commandOf(op) {
	case stats.Set, stats.Flush, stats.Other:
		return stats.OK
	}
	return stats.Hit
}
