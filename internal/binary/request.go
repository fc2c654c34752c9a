package binary

import (
	"encoding/binary"
	"slices"
	"strconv"

	"magent/ascii"
)

// Magic is the first byte of every request.
const Magic = 0x80

const (
	magicReply = 0x81
	headSize   = 24
)

// MaxKey is the length of a key in bytes, as in the text protocol. A key that only base64 can carry there is shorter
// (maxEncoded).
const MaxKey = 250

// maxEncoded is how long a key is at most whose base64 form has MaxKey bytes.
const maxEncoded = MaxKey / 4 * 3

// Code is the status of a reply.
type Code uint16

// The codes. Unavailable is ours: memcached itself is never without its memory.
const (
	Success        Code = 0x00
	NotFound       Code = 0x01
	Exists         Code = 0x02
	TooLarge       Code = 0x03
	Invalid        Code = 0x04
	NotStored      Code = 0x05
	NotNumeric     Code = 0x06
	AuthFailed     Code = 0x20
	UnknownCommand Code = 0x81
	OutOfMemory    Code = 0x82
	Unavailable    Code = 0x86 // for now
)

// codeWord begins the text of a reply that is only a code.
const codeWord = "CODE"

// Text returns a text for AppendReply that stands for this code.
func (c Code) Text() []byte { return strconv.AppendUint([]byte(codeWord+" "), uint64(c), 10) }

// text is the body of a reply with this code, in memcached's words.
func (c Code) text() string {
	switch c {
	case NotFound:
		return "Not found"
	case Exists:
		return "Data exists for key."
	case TooLarge:
		return "Too large."
	case Invalid:
		return "Invalid arguments"
	case NotStored:
		return "Not stored."
	case NotNumeric:
		return "Non-numeric server-side value for incr or decr"
	case AuthFailed:
		return "Auth failure."
	case UnknownCommand:
		return "Unknown command"
	case OutOfMemory:
		return "Out of memory"
	}
	return ""
}

// Request is one request of a client, filled by Next. Its slices alias the buffer that was given to Next.
type Request struct {
	Waiting
	CAS   uint64
	Value []byte

	Flags   uint32 // Set and its like
	Exptime uint32 // of these, of Touch and GAT, of a counter that does not exist yet; of Flush: the delay
	Delta   uint64 // Increment, Decrement
	Initial uint64

	Code Code // after Refused and Fatal: the reply
	Skip int  // after Refused: so many bytes follow that belong to the request
	Need int  // after Incomplete: buf must grow to at least this size
}

// Waiting is what the reply to a request needs of it.
type Waiting struct {
	Op     Opcode // of the command that is not quiet
	Sent   Opcode // as the client sent it
	Opaque uint32 // as the client sent it; it is not looked at
	Key    []byte
}

// Pack returns w without its key as a number.
func (w *Waiting) Pack() uint64 { return uint64(w.Opaque)<<16 | uint64(w.Op)<<8 | uint64(w.Sent) }

// Unpack is the reverse of Pack.
func Unpack(n uint64) Waiting {
	return Waiting{Op: Opcode(n >> 8), Sent: Opcode(n), Opaque: uint32(n >> 16)}
}

// Quiet reports whether the client wants no reply if all is as expected.
func (w *Waiting) Quiet() bool { return w.Op != w.Sent }

// Next parses one request at the front of buf. n bytes are consumed.
func Next(buf []byte, lim ascii.Limits, r *Request) (n int, st ascii.Status) {
	if len(buf) > 0 && buf[0] != Magic {
		*r = Request{Code: Invalid}
		return 0, ascii.Fatal
	}
	if len(buf) < headSize {
		*r = Request{Need: headSize}
		return 0, ascii.Incomplete
	}
	op := Opcode(buf[1])
	f := formOf(op)
	key, extras := int(binary.BigEndian.Uint16(buf[2:])), int(buf[4])
	body := int(binary.BigEndian.Uint32(buf[8:]))
	*r = Request{
		Waiting: Waiting{Op: f.base, Sent: op, Opaque: binary.BigEndian.Uint32(buf[12:])},
		CAS:     binary.BigEndian.Uint64(buf[16:]),
	}
	value := body - key - extras
	switch {
	case value < 0:
		r.Code = UnknownCommand
		return headSize, ascii.Fatal
	case !f.known:
		r.Op, r.Code, r.Skip = op, UnknownCommand, body
		return headSize, ascii.Refused
	case key > MaxKey || !f.fits(extras, key, value):
		r.Code = Invalid
		return headSize, ascii.Fatal
	case value > lim.MaxValue:
		return r.tooLarge(buf, extras, key, value)
	case len(buf) < headSize+body:
		r.Need = headSize + body
		return 0, ascii.Incomplete
	}
	rest := buf[headSize : headSize+body]
	r.extras(rest[:extras])
	r.Key, r.Value = rest[extras:extras+key], rest[extras+key:]
	if !r.carriable() {
		r.Code = Invalid
		return headSize + body, ascii.Refused
	}
	return headSize + body, ascii.Complete
}

// tooLarge refuses a value before it has arrived, and after the key has.
func (r *Request) tooLarge(buf []byte, extras, key, value int) (n int, st ascii.Status) {
	n = headSize + extras + key
	if len(buf) < n {
		r.Need = n
		return 0, ascii.Incomplete
	}
	r.Key = buf[headSize+extras : n]
	r.Code, r.Skip = TooLarge, value
	return n, ascii.Refused
}

func (r *Request) extras(b []byte) {
	switch {
	case len(b) == 0:
	case len(b) == 8:
		r.Flags, r.Exptime = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	case len(b) == 20:
		r.Delta, r.Initial = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		r.Exptime = binary.BigEndian.Uint32(b[16:])
	default:
		r.Exptime = binary.BigEndian.Uint32(b)
	}
}

// carriable reports whether the text protocol can carry the key. The one of Stat is no key, but words.
func (r *Request) carriable() bool {
	if r.Op == Stat {
		return !slices.ContainsFunc(r.Key, func(c byte) bool { return c < ' ' || c == 0x7f })
	}
	return len(r.Key) <= maxEncoded || ascii.TextKey(r.Key)
}
