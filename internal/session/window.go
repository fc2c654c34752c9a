package session

// unsentOf bounds Shard.unsent, where so many bytes are the largest value: one that has just come must not be too much.
func unsentOf(largest int) int { return max(MaxUnsent, 2*largest) }

// full reports whether the client has so much unfinished business that no more of it is taken on.
func (s *Session) full() bool {
	if s.barrier != nil || s.pool.Held || s.long.asks() && s.long.full() {
		return true
	}
	return s.pending >= s.window || s.values*s.keySize >= WindowBytes || s.sent >= WindowBytes ||
		s.s.Unsent()+s.held >= WindowUnsent || s.crowded()
}

// tooMuch reports whether there is no room for the rest of the request that is arriving.
func (s *Session) tooMuch(largest int) bool {
	return s.sh.Assembly-s.kept+s.need > s.sh.group.assemblyOf(largest)
}

// assemblyOf bounds Shard.Assembly, where so many bytes are the largest value.
func (g *Group) assemblyOf(largest int) int { return max(g.MaxAssembly, 2*largest) }
