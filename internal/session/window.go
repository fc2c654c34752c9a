package session

// unsentOf returns the bound of Shard.unsent, where the largest value has so many bytes. One such value is never too
// much.
func unsentOf(largest int) int { return max(maxUnsent, 2*largest) }

// full reports whether the client has so much unfinished work that no more is accepted from it.
func (s *Session) full() bool {
	if s.link() != nil {
		return s.linkFull()
	}
	if s.barrier != nil || s.sh.Still || s.pool.Waits() || s.sh.Changing && s.redis == nil ||
		s.awaits() != nil && s.awaits().Waits() || s.long().Asks() && s.long().Full(windowBytes) ||
		s.redis != nil && s.redis.Behind() {
		return true
	}
	return s.pending >= s.window || int(s.values)*int(s.keySize) >= windowBytes || s.sent >= windowBytes ||
		s.unsentBytes()+s.held >= windowUnsent || s.throttled()
}

// linkFull is full for a member. It bounds what its clients ask for itself.
func (s *Session) linkFull() bool {
	return s.barrier != nil || s.sh.Still || s.pool.Waits() || s.pending >= linkPending || s.sent >= linkBytes ||
		s.unsentBytes()+s.held >= linkUnsent
}

// tooMuch reports whether there is no room for the rest of a request, where the largest value has so many bytes.
func (s *Session) tooMuch(largest int) bool {
	return s.sh.assembly-s.kept()+s.need() > s.sh.group.assemblyOf(largest)
}

// assemblyOf returns the bound of Shard.assembly, where the largest value has so many bytes.
func (g *Group) assemblyOf(largest int) int { return max(g.MaxAssembly, 2*largest) }

// unsentBytes is what the client has not got yet, of what was answered in its turn.
func (s *Session) unsentBytes() int { return s.s.Unsent() + s.due.Len() }
