package resp

import "slices"

// Request is one client request, filled by Next. Its slices alias the buffer given to Next (of an inline command:
// space in the Request) and are valid until that changes or the next call with the same Request. Reply is shared
// by all requests and must not be written to. One Request serves any number of clients.
type Request struct {
	Args    [][]byte // the command's name first; empty: nothing was asked (an empty line, or *0), no reply is due
	Raw     []byte   // the request as it goes to a server, an array of bulk strings; empty when Args is
	Command *Command // what Lookup says of Args[0]; nil: unknown
	Need    int      // Incomplete: buf must grow to this many bytes before another call can say more; 0: not known
	Reply   []byte   // Fatal: the error line to answer with; empty: nothing may be answered

	args   [][]byte // the space of Args
	inline []byte   // the space of an inline command's Raw
	reply  [64]byte // the space of a Reply that quotes a byte
}

// What a Request keeps for the next one although that may well be smaller.
const (
	keptArgs   = 1024
	keptInline = 16 << 10
)

// reset empties the request. It lets go of the last buffer, and of space that the last request made little use of.
func (r *Request) reset() {
	if cap(r.args) > keptArgs && len(r.args) < cap(r.args)/4 {
		r.args = nil
	}
	if cap(r.inline) > keptInline {
		r.inline = nil
	}
	clear(r.args)
	r.args = r.args[:0]
	r.Args, r.Raw, r.Command, r.Need, r.Reply = nil, nil, nil, 0, nil
}

// add appends an argument.
func (r *Request) add(arg []byte) { r.args = append(r.args, slices.Clip(arg)) }

// Status is what Next found at the start of the buffer.
type Status uint8

const (
	// Incomplete: no request yet; keep the bytes, read more, call again (Request.Need).
	Incomplete Status = iota
	// Complete: one request, n bytes long.
	Complete
	// Fatal: answer Request.Reply if it is not empty, then close the connection.
	Fatal
)

// Limits bound what Next accepts. All but MaxSize have to be given.
type Limits struct {
	MaxBulk   int // bytes of one argument; Redis: 512 MiB
	MaxArgs   int // elements of an array; at most 2^31-1, as in Redis, where it was 1024*1024 before 7.0
	MaxInline int // bytes of an inline command, and of the line of a length, without its end; Redis: 64 KiB
	MaxSize   int // bytes of a whole array; 0: no limit
}

// Progress is how far an incomplete request was looked at, so that nothing is looked at twice: a request of a
// million arguments that arrives byte by byte costs linear time. The zero value is at the start of a request. It
// belongs to one client, and holds no slices.
type Progress struct {
	off  int // where the first argument lies that has not arrived completely
	scan int // so far the end of the line at off was searched for; 0: not yet
	left int // arguments from off on; 0: their number is not known yet
}
