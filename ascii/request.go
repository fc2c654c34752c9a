package ascii

// Op names a client command, by the word it has on the wire.
type Op uint8

// The commands of memcached's text protocol that the proxy knows.
const (
	OpNone Op = iota
	OpGet
	OpGets
	OpGat
	OpGats
	OpSet
	OpAdd
	OpReplace
	OpAppend
	OpPrepend
	OpCAS
	OpDelete
	OpIncr
	OpDecr
	OpTouch
	OpFlushAll
	OpVerbosity
	OpVersion
	OpStats
	OpQuit
	OpMetaGet    // mg
	OpMetaSet    // ms
	OpMetaDelete // md
	OpMetaArith  // ma
	OpMetaNoop   // mn
	OpMetaDebug  // me
	NumOps       // how many there are, for tables indexed by Op
)

func (op Op) isRetrieval() bool { return op >= OpGet && op <= OpGats }

func (op Op) isStorage() bool { return op >= OpSet && op <= OpCAS || op == OpMetaSet }

func (op Op) isMeta() bool { return op >= OpMetaGet && op <= OpMetaDebug }

// opNames are the words on the wire.
var opNames = [NumOps]string{
	OpGet: "get", OpGets: "gets", OpGat: "gat", OpGats: "gats",
	OpSet: "set", OpAdd: "add", OpReplace: "replace", OpAppend: "append", OpPrepend: "prepend", OpCAS: "cas",
	OpDelete: "delete", OpIncr: "incr", OpDecr: "decr", OpTouch: "touch", OpFlushAll: "flush_all",
	OpVerbosity: "verbosity", OpVersion: "version", OpStats: "stats", OpQuit: "quit",
	OpMetaGet: "mg", OpMetaSet: "ms", OpMetaDelete: "md", OpMetaArith: "ma", OpMetaNoop: "mn", OpMetaDebug: "me",
}

// Request is one client request, filled by Next. Every slice in it aliases the buffer that was given to Next
// (Key of a base64 meta command: space inside the Request) and is valid until that buffer changes or the
// next call with the same Request. Reply is shared by all requests and must not be written to. A Request is
// not to be copied, because Key may point into it.
//
// After Incomplete only Need has a meaning, and, when it is not 0, what the command line says: Op, Quiet, Key, Meta. After
// Fatal only Reply has one.
type Request struct {
	Op    Op
	Quiet bool // classic noreply, or the q flag of a meta command

	Key     []byte // the first key as the server knows it: of a meta command with the b flag, the decoded bytes
	Keys    []byte // retrieval commands: the text from the first key to the end of the line; walk it with NextKey
	NumKeys int    // number of keys: retrieval commands 1..N, other commands with a key 1, else 0

	Head []byte // the command line with its line end, as received
	Body []byte // storage commands: the value with its CRLF; it lies directly behind Head
	Raw  []byte // Head and Body in one piece

	Meta    MetaFlags // the flags of a meta command, as a set of letters; of me only b, the one it knows
	Flags   uint32    // set and its like: the client's flags
	Exptime int64     // set and its like, gat, gats, touch: the exptime; flush_all: the delay in seconds (not positive: at once)
	Delta   uint64    // incr, decr
	Args    []byte    // stats, verbosity: the words behind the command, without the line end

	// Refused:
	Reply    []byte // the line to answer with, CRLF included; empty when nothing may be answered (noreply)
	Skip     Skip   // what is to be thrown away unread behind the consumed bytes; also of Incomplete, if it is given up
	Oversize bool   // refused because of Limits.MaxValue; memcached then drops the old value of Key (set, ms)

	// Incomplete:
	Need int // buf must grow to this many bytes before another call can say more; 0 when that is not known

	plain    bool   // Head is what AppendHead would write
	token    uint64 // cas, meta commands with C: the cas token
	hasToken bool
	control  bool // the line holds control bytes: it is parsed for what it would consume, and refused
	scratch  [256]byte
}

// reset empties all fields but scratch, which is only read through Key.
func (r *Request) reset() {
	r.Op, r.Quiet = OpNone, false
	r.Key, r.Keys, r.NumKeys = nil, nil, 0
	r.Head, r.Body, r.Raw = nil, nil, nil
	r.Meta, r.Flags, r.Exptime, r.Delta, r.Args = 0, 0, 0, 0, nil
	r.Reply, r.Skip, r.Oversize = nil, Skip{}, false
	r.Need, r.plain, r.control = 0, false, false
	r.token, r.hasToken = 0, false
}

// refuse ends the parsing of a request with an error line, which noreply suppresses.
func (r *Request) refuse(reply []byte) Status {
	if !r.Quiet {
		r.Reply = reply
	}
	return Refused
}

// Status is what Next found at the start of the buffer.
type Status uint8

const (
	// Incomplete: no request yet; keep the bytes, read more, call again (Request.Need).
	Incomplete Status = iota
	// Complete: one request, n bytes long.
	Complete
	// Refused: n bytes were consumed; answer Request.Reply, throw away what Request.Skip says, go on.
	Refused
	// Fatal: answer Request.Reply if it is not empty, then close the connection.
	Fatal
)

// Limits bound what Next accepts.
type Limits struct {
	MaxLine  int // bytes of a command line, line end included
	MaxValue int // bytes of a value, without its CRLF
}

// MetaFlags is a set of the letters a..z and A..Z.
type MetaFlags uint64

// Has reports whether the letter is in the set.
func (f MetaFlags) Has(letter byte) bool { return f&metaFlag(letter) != 0 }

// metaFlag returns the set of this one letter; it is empty when the byte is no letter.
func metaFlag(letter byte) MetaFlags {
	switch {
	case 'a' <= letter && letter <= 'z':
		return 1 << (letter - 'a' + 26)
	case 'A' <= letter && letter <= 'Z':
		return 1 << (letter - 'A')
	}
	return 0
}
