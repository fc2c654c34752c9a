package loop

// input is what a stream has read, and what was not consumed yet.
type input struct {
	b        []byte
	off      int     // b[off:] was not consumed
	disowned *shared // b, which belongs to its users from the next Keep on; nil: it is the stream's
}

// output is what a stream was told to send.
type output struct {
	b      []byte
	off    int    // b[off:] is not sent yet
	behind behind // follows b: what WriteOwned was given, and what was written after that; empty with a seal
}

// unsent returns how many bytes are not sent yet.
func (o *output) unsent() int { return len(o.b) - o.off + o.behind.size }

// reserve makes room for n more bytes in o.b.
func (o *output) reserve(p *Pool, n int) {
	if cap(o.b)-len(o.b) >= n {
		return
	}
	if o.off > 0 && o.off >= len(o.b)-o.off { // at least half is sent: move the rest to the front
		o.b, o.off = o.b[:copy(o.b, o.b[o.off:])], 0
	}
	o.b = p.Grow(o.b, n)
}

func (o *output) send(fd int) (n int, err error) {
	if o.behind.size == 0 {
		return Send(fd, o.b[o.off:])
	}
	return sendAll(fd, o.b[o.off:], o.behind.buffers)
}
