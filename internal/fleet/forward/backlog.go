package forward

import "magent/internal/loop"

// Backlog has the bytes of the requests of a connection, in their order, until they are answered. When all are, it
// holds no buffer. The zero value is empty.
type Backlog struct {
	Passed   int // requests, the first ones, that the socket has got; those behind them were not written
	Unpassed int // bytes of the others, the last ones

	buf       []byte // buf[off:]
	off       int
	answering int // bytes in front of off of the request that is being answered
}

// Size returns how many bytes are kept.
func (b *Backlog) Size() int { return len(b.buf) - b.off }

// Holds reports whether it has a buffer.
func (b *Backlog) Holds() bool { return b.buf != nil }

// Bytes returns the bytes of all requests, until the next change.
func (b *Backlog) Bytes() []byte { return b.buf[b.off:] }

// Append adds a request, which has not passed.
func (b *Backlog) Append(p *loop.Pool, head, body []byte) {
	n := len(head) + len(body)
	if from := b.off - b.answering; cap(b.buf)-len(b.buf) < n && from > b.Size() {
		b.buf = b.buf[:copy(b.buf, b.buf[from:])] // more than half is answered: move the rest to the front
		b.off = b.answering
	}
	b.buf = append(append(p.Grow(b.buf, n), head...), body...)
	b.Unpassed += n
}

// Pass returns the next n bytes that have not passed, those of the next so many requests. They are valid until the
// next change.
func (b *Backlog) Pass(requests, n int) []byte {
	from := len(b.buf) - b.Unpassed
	b.Passed += requests
	b.Unpassed -= n
	return b.buf[from : from+n]
}

// Forget drops the first request, of so many bytes.
func (b *Backlog) Forget(n int) {
	b.off += n
	if b.Passed > 0 {
		b.Passed--
	} else {
		b.Unpassed -= n
	}
}

// Answering is called around the answer to the request of n bytes that was forgotten last: with n before, and with 0
// afterwards. In between, Recall can take it back.
func (b *Backlog) Answering(n int) { b.answering = n }

// Recall takes back the last Forget, of a request of n bytes that had passed.
func (b *Backlog) Recall(n int) {
	b.off -= n
	b.Passed++
}

// Release gives the buffer back, and with it all requests.
func (b *Backlog) Release(p *loop.Pool) {
	p.Put(b.buf)
	*b = Backlog{}
}
