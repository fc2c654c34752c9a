//go:build faults || race

package loop

// poison spoils a buffer that nobody may read any more, so that tests see who still does. It writes to each part of
// it, which is enough to be seen and takes little time.
func poison(b []byte) {
	b = b[:cap(b)]
	for i := 0; i < len(b); i += spoiled {
		b[i] = 0xDB
	}
}

// spoiled is how many bytes of a buffer have one that is spoiled.
const spoiled = 64
