package session

import (
	"iter"

	"golang.org/x/sys/unix"
)

// Admit counts a client of the pool with this index. It returns the shard with the fewest clients, which is to open
// the session.
func (g *Group) Admit(pool int) *Shard {
	g.Clients.Add(1)
	g.ByPool[pool].Add(1)
	best := g.Shards[0]
	for _, sh := range g.Shards[1:] {
		if sh.load.Load() < best.load.Load() {
			best = sh
		}
	}
	best.load.Add(1)
	return best
}

// add adds a session to the shard.
func (sh *Shard) add(s *Session) {
	s.index = int32(len(sh.sessions))
	sh.sessions = append(sh.sessions, s)
}

// remove takes a session out. The last one takes its place.
func (sh *Shard) remove(s *Session) {
	n := len(sh.sessions) - 1
	last := sh.sessions[n]
	sh.sessions[s.index], last.index = last, s.index
	sh.sessions[n], sh.sessions = nil, sh.sessions[:n]
}

// all goes over the sessions. Any of them may be closed meanwhile: remove moves one that was met already.
func (sh *Shard) all() iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		for i := len(sh.sessions) - 1; i >= 0; i-- {
			if i < len(sh.sessions) && !yield(sh.sessions[i]) {
				return
			}
		}
	}
}

// closed removes a session from the shard.
func (sh *Shard) closed(s *Session) {
	sh.remove(s)
	if s.link() != nil {
		sh.links--
		s.link().done()
	} else {
		s.pool.Count.CurrConnections--
		s.pool.Count.TLS(s.tls, -1)
		if s.binary() != nil {
			s.pool.Count.CurrBinary--
		}
		sh.left(s.pool.Index)
	}
	sh.checkDrained()
}

func (sh *Shard) checkDrained() {
	if sh.Draining && len(sh.sessions) == 0 && sh.drainDone != nil {
		sh.drainDone()
		sh.drainDone = nil
	}
}

// GiveUp closes the connection of a client with which a TLS handshake has failed.
func (sh *Shard) GiveUp(fd, pool int) {
	unix.Close(fd)
	if p := sh.Pools[pool]; p != nil {
		p.Count.TLSErrors++
	}
	sh.left(pool)
}

// left counts a client of a pool as gone.
func (sh *Shard) left(pool int) {
	sh.load.Add(-1)
	sh.group.Clients.Add(-1)
	sh.group.ByPool[pool].Add(-1)
}
