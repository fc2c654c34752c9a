package resp

import "slices"

// Request is one client request, filled by Next, and may be used again for the next one, of any client. Its slices
// alias the buffer that was given to Next; those of an inline command, and Reply, alias space in the Request. They
// are valid until that buffer changes or the Request is used again. A Request must not be copied.
type Request struct {
	Args    [][]byte // the command's name first; empty if nothing was asked (an empty line, or *0): no reply is due
	Raw     []byte   // the request as it goes to a server, an array of bulk strings; empty if Args is
	Command *Command // the result of Lookup for Args[0]; nil if unknown
	Need    int      // Incomplete: buf must grow to at least this size before another call can say more; 0: not known
	Owner   Owner    // set by the reader: keeps the bytes of Raw as they are for those who hold it; nil: nobody does
	Reply   []byte   // Fatal: the error line to answer with; if empty, nothing is answered

	args   [][]byte // backs Args
	inline []byte   // backs Raw and Args of an inline command
	reply  [64]byte // backs Reply
}

// Owner keeps the bytes of a request as they are as long as it is held. Whoever has held it releases it once.
type Owner interface {
	Hold()
	Release()
}

// Larger buffers than these are not kept for the next request unless it is likely to need them.
const (
	keptArgs   = 1024
	keptInline = 16 << 10
)

// reset empties the request. It drops references to the last buffer, and memory that the last request made little use
// of.
func (r *Request) reset() {
	if cap(r.args) > keptArgs && len(r.args) < cap(r.args)/4 {
		r.args = nil
	}
	if cap(r.inline) > keptInline {
		r.inline = nil
	}
	clear(r.args)
	r.args = r.args[:0]
	r.Args, r.Raw, r.Command, r.Need, r.Owner, r.Reply = nil, nil, nil, 0, nil, nil
}

// Forget empties the request, so that it does not keep the bytes that it was read from in memory.
func (r *Request) Forget() { r.reset() }

// add appends an argument.
func (r *Request) add(arg []byte) { r.args = append(r.args, slices.Clip(arg)) }

// Status is what Next found at the start of the buffer.
type Status uint8

const (
	// Incomplete: the request has not arrived completely. Keep the bytes, read more, and call Next again (see
	// Request.Need).
	Incomplete Status = iota
	// Complete: there is a request, n bytes long.
	Complete
	// Fatal: answer with Request.Reply if it is not empty, then close the connection.
	Fatal
)

// Limits limit what Next accepts. All but MaxSize have to be set.
type Limits struct {
	MaxBulk   int // bytes of one argument; Redis: 512 MiB
	MaxArgs   int // elements of an array; at most 2^31-1, the limit of Redis since 7.0 (1024*1024 before)
	MaxInline int // bytes of an inline command, or of the line of a length, without line end; Redis: 64 KiB
	MaxSize   int // bytes of a whole array; 0: no limit
}

// Progress says how far an incomplete request has been parsed, so that no byte is looked at twice. Even a request of
// a million arguments that arrives byte by byte takes linear time. The zero value is for the start of a request. A
// Progress belongs to one client; it holds no slices.
type Progress struct {
	off  int // start of the first argument that has not arrived completely
	scan int // how far the end of the line at off was searched for; 0: not yet
	left int // number of arguments from off on; 0: not known yet

	count int // number of arguments in all
}

// Expect returns how large an incomplete request will be if its other arguments are as large as those so far. need is
// Request.Need.
func (p *Progress) Expect(need int) int {
	if p.left == 0 {
		return need
	}
	return need / (p.count - p.left + 1) * p.count
}
