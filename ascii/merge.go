package ascii

// MergeValues appends to dst the VALUE blocks of replies in the order of keys, and END. keys are separated by spaces.
// owner has for each key the index of the reply that has its block, if it was a hit; an index beyond replies means
// that nobody was asked.
//
// A server replies in the order of its keys, so the block of a key is the next one in its reply, or missing. Each
// element of replies is advanced past the blocks that were taken.
func MergeValues(dst, keys []byte, owner []uint16, replies [][]byte) []byte {
	for i := 0; ; i++ {
		var key []byte
		if key, keys = NextKey(keys); len(key) == 0 {
			return append(dst, "END\r\n"...)
		}
		o := owner[i]
		if int(o) >= len(replies) {
			continue
		}
		var block []byte
		block, replies[o], _ = CutValue(replies[o], key)
		dst = append(dst, block...)
	}
}
