package loop

// behind holds output that is sent from where it lies, and what was written after that.
type behind struct {
	buffers [][]byte // what is not sent of each
	held    []Piece  // by buffer: the piece that it is of, which is held; without an owner, nobody else has it
	size    int      // bytes in buffers
	open    bool     // the last buffer is its own, and takes more
}

// behindSize is the size in bytes of a buffer for small data.
const behindSize = 4 << 10

// add adds a piece, and holds it.
func (b *behind) add(p Piece) {
	p.Hold()
	b.buffers, b.held = append(b.buffers, p.Data), append(b.held, p)
	b.size += len(p.Data)
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
		b.held = append(b.held, Piece{})
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
		b.pop()
	}
	if n > 0 {
		b.buffers[0] = b.buffers[0][n:]
	}
	if len(b.buffers) == 0 {
		*b = behind{}
	}
}

// pop removes the first buffer, whose bytes are not needed any more.
func (b *behind) pop() {
	p := b.held[0]
	b.buffers[0], b.held[0] = nil, Piece{}
	b.buffers, b.held = b.buffers[1:], b.held[1:]
	p.Release()
}

// drop removes everything.
func (b *behind) drop() {
	if b.buffers != nil { // else all of it is zero
		b.dropAll()
	}
}

func (b *behind) dropAll() {
	for len(b.buffers) > 0 {
		b.pop()
	}
	*b = behind{}
}
