package repair

import "hash/maphash"

// seen remembers about seenSize keys by their hashes. A new key replaces an older one.
type seen struct {
	seed   maphash.Seed
	hashes []uint64
}

// seenSize is the number of keys that seen has room for.
const seenSize = 1 << 15

// add adds a key, and reports whether it was new.
func (s *seen) add(key []byte) bool {
	if s.hashes == nil {
		s.seed, s.hashes = maphash.MakeSeed(), make([]uint64, seenSize)
	}
	hash := maphash.Bytes(s.seed, key)
	place := &s.hashes[hash%seenSize]
	if *place == hash {
		return false
	}
	*place = hash
	return true
}
