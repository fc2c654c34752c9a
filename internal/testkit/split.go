package testkit

import "bytes"

// Grow calls next with growing pieces of in until it says that it is done: one piece for each bit set in splits, which
// is repeated every 64 bytes, and then the whole. The bytes that have not come yet are not there to be read.
func Grow[R any](in []byte, splits uint64, next func([]byte) (n int, done bool, result R)) (n int, result R) {
	for i := range len(in) + 1 {
		if i < len(in) && splits>>(i%64)&1 == 0 {
			continue
		}
		var done bool
		if n, done, result = next(bytes.Clone(in[:i:i])); done {
			break
		}
	}
	return n, result
}
