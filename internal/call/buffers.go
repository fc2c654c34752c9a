package call

// MaxKept bounds the buffers that a Call keeps for its next use.
const MaxKept = 16 << 10

// Trim empties a buffer, and drops one that is too large to be kept.
func Trim(b []byte) []byte {
	if cap(b) > MaxKept {
		return nil
	}
	return b[:0]
}

// SizeOf is the memory of a list of buffers, those behind its end included.
func SizeOf(list [][]byte) int {
	n := 24 * cap(list)
	for _, b := range list[:cap(list)] {
		n += cap(b)
	}
	return n
}
