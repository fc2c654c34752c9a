package loop

// behind holds output that is sent from where it lies, and what was written after that.
type behind struct {
	buffers [][]byte
	size    int  // bytes in them
	open    bool // the last buffer is its own, and takes more
}

// behindSize is the size in bytes of a buffer for small data.
const behindSize = 4 << 10

// add adds data, which nobody changes any more.
func (b *behind) add(data []byte) {
	b.buffers = append(b.buffers, data)
	b.size += len(data)
	b.open = false
}

// write adds a copy of data.
func (b *behind) write(data []byte) {
	if len(data) == 0 {
		return
	}
	last := len(b.buffers) - 1
	if !b.open || cap(b.buffers[last])-len(b.buffers[last]) < len(data) {
		b.buffers = append(b.buffers, make([]byte, 0, max(len(data), behindSize)))
		b.open = true
		last++
	}
	b.buffers[last] = append(b.buffers[last], data...)
	b.size += len(data)
}

// sent removes the first n bytes.
func (b *behind) sent(n int) {
	b.size -= n
	for len(b.buffers) > 0 && n >= len(b.buffers[0]) {
		n -= len(b.buffers[0])
		b.buffers[0] = nil
		b.buffers = b.buffers[1:]
	}
	if n > 0 {
		b.buffers[0] = b.buffers[0][n:]
	}
	if len(b.buffers) == 0 {
		*b = behind{}
	}
}
