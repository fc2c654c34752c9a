package ascii

// Op is a client command.
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
	NumOps       // number of commands, for tables indexed by Op
)

func (op Op) isRetrieval() bool { return op >= OpGet && op <= OpGats }

func (op Op) isStorage() bool { return op >= OpSet && op <= OpCAS || op == OpMetaSet }

func (op Op) isMeta() bool { return op >= OpMetaGet && op <= OpMetaDebug }

// opNames are the command words.
var opNames = [NumOps]string{
	OpGet: "get", OpGets: "gets", OpGat: "gat", OpGats: "gats",
	OpSet: "set", OpAdd: "add", OpReplace: "replace", OpAppend: "append", OpPrepend: "prepend", OpCAS: "cas",
	OpDelete: "delete", OpIncr: "incr", OpDecr: "decr", OpTouch: "touch", OpFlushAll: "flush_all",
	OpVerbosity: "verbosity", OpVersion: "version", OpStats: "stats", OpQuit: "quit",
	OpMetaGet: "mg", OpMetaSet: "ms", OpMetaDelete: "md", OpMetaArith: "ma", OpMetaNoop: "mn", OpMetaDebug: "me",
}

// Request is one client request, filled by Next. Its slices alias the buffer that was given to Next; the Key of
// a base64 meta command aliases space in the Request. They are valid until that buffer changes or the Request
// is used again. Reply is shared by all requests and must not be written to. A Request must not be copied,
// because Key may point into it.
//
// After Incomplete only Need and Skip are meaningful. If Need is not 0, so are Op, Quiet, Key and Meta: the command
// line has arrived. After Fatal only Reply is.
type Request struct {
	Op    Op
	Quiet bool // classic noreply, or the q flag of a meta command

	Key     []byte // the first key as the server stores it: decoded if a meta command has the b flag
	Keys    []byte // retrieval commands: the text from the first key to the end of the line; see NextKey
	NumKeys int    // number of keys: 1 or more for retrievals, 1 for other commands with a key, else 0

	Head []byte // the command line with its line end, as received
	Body []byte // storage commands: the value with its CRLF; it follows Head directly
	Raw  []byte // Head and Body in one piece

	Meta  MetaFlags // the flags of a meta command, as a set of letters; of me only b
	Flags uint32    // set and its like: the client's flags
	// Exptime is that of set and its like, gat, gats and touch. For flush_all it is the delay in seconds; flush_all
	// takes effect at once if it is not positive.
	Exptime int64
	Delta   uint64 // incr, decr
	Args    []byte // stats, verbosity: the words behind the command, without line end

	// After Refused and Fatal:
	Reply    []byte // the error line, with CRLF; empty if nothing may be answered (noreply)
	Skip     Skip   // what to discard behind the consumed bytes; after Incomplete: if the request is given up
	Oversize bool   // refused because of Limits.MaxValue; memcached then drops the old value of Key (set, ms)

	// After Incomplete:
	Need int // buf must grow to at least this size before another call can say more; 0: not known

	plain    bool   // Head is what AppendHead would append
	token    uint64 // cas, meta commands with C: the cas token
	hasToken bool
	control  bool // the line holds control bytes: it is parsed to find its end, and then refused
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
	// Incomplete: the request has not arrived completely. Keep the bytes, read more, and call Next
	// again (see Request.Need).
	Incomplete Status = iota
	// Complete: there is a request, n bytes long.
	Complete
	// Refused: n bytes are consumed. Answer with Request.Reply, discard what Request.Skip says, and go on.
	Refused
	// Fatal: answer with Request.Reply if it is not empty, then close the connection.
	Fatal
)

// Limits limit what Next accepts.
type Limits struct {
	MaxLine  int // bytes of a command line, line end included
	MaxValue int // bytes of a value, without its CRLF
}

// MetaFlags is a set of the letters a to z and A to Z.
type MetaFlags uint64

// Has reports whether the letter is in the set.
func (f MetaFlags) Has(letter byte) bool { return f&metaFlag(letter) != 0 }

// metaFlag returns the set of one letter. It is empty if the byte is not a letter.
func metaFlag(letter byte) MetaFlags {
	switch {
	case 'a' <= letter && letter <= 'z':
		return 1 << (letter - 'a' + 26)
	case 'A' <= letter && letter <= 'Z':
		return 1 << (letter - 'A')
	}
	return 0
}
