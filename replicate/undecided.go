package replicate

import "hash/maphash"

// undecided counts the mutations that have not come to an end on both copies, by a hash of the key. Keys may share a
// count.
type undecided struct {
	seed   maphash.Seed
	counts []uint32 // none in a pool without backups
}

// undecidedCounts is the number of counts of an engine.
const undecidedCounts = 1 << 11

func newUndecided() undecided {
	return undecided{maphash.MakeSeed(), make([]uint32, undecidedCounts)}
}

// of returns the count for a key.
func (u *undecided) of(key []byte) *uint32 {
	return &u.counts[maphash.Bytes(u.seed, key)%undecidedCounts]
}
