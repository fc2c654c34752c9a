package call

// MaxKept bounds the size in bytes of a buffer that a Call keeps for its next use.
const MaxKept = 16 << 10

// Trim returns b emptied for the next use, or nil if it is larger than MaxKept.
func Trim(b []byte) []byte {
	if cap(b) > MaxKept {
		return nil
	}
	return b[:0]
}

// SizeOf returns how many bytes of memory a list of buffers holds, including the buffers between its length and its
// capacity.
func SizeOf(list [][]byte) int {
	n := 24 * cap(list)
	for _, b := range list[:cap(list)] {
		n += cap(b)
	}
	return n
}
