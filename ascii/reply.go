package ascii

// Kind classifies a server's reply by its first word.
type Kind uint8

// The replies of memcached's text protocol. Lost never comes from a server: it stands for a
// reply that could not be had.
const (
	Lost Kind = iota
	Stored
	NotStored
	Exists
	NotFound
	Deleted
	Touched
	OK     // also RESET, the answer to stats reset
	Number // incr, decr
	Values // VALUE blocks (0 or more) and END
	Version
	Error       // ERROR ...
	ClientError // CLIENT_ERROR ...
	ServerError // SERVER_ERROR ...
	MetaHD
	MetaVA // VA with its value
	MetaEN
	MetaNF
	MetaNS
	MetaEX
	MetaMN
	MetaME
	Lines  // STAT lines up to END (stats)
	Opaque // a reply of another protocol
)

// Refused reports whether the server refused the command, so that it did not execute it.
func (k Kind) Refused() bool { return k == Error || k == ClientError || k == ServerError }

// Reply is one framed reply of a server. Raw aliases the buffer that was given to Framer.Next, and is valid
// until that buffer changes.
type Reply struct {
	Kind   Kind
	Raw    []byte // the whole reply, line ends included
	Hits   int    // Values: number of VALUE blocks
	Number uint64 // Number: its value
	Unsent bool   // Lost: the server has certainly not got the request
}

// Shape says how the reply to a request is framed.
type Shape uint8

const (
	// ShapeLine: one line.
	ShapeLine Shape = iota
	// ShapeValues: VALUE blocks and END, or an error line.
	ShapeValues
	// ShapeMeta: one line, or VA with a value.
	ShapeMeta
	// ShapeTokenMeta: like ShapeMeta, for an ms with the E flag, which sets the cas token (since memcached 1.6.27).
	ShapeTokenMeta
	// ShapeOldMeta: like ShapeMeta, for memcached 1.6.0 to 1.6.9, which sends OK for HD. The
	// kind is MetaHD all the same.
	ShapeOldMeta
	// ShapeStats: STAT lines and END, or one line of another kind.
	ShapeStats
)

// Shape returns how the reply to the request is framed. quit has no reply.
func (r *Request) Shape() Shape {
	switch {
	case r.Op.isRetrieval():
		return ShapeValues
	case r.Op == OpMetaSet && r.Meta.Has('E'):
		return ShapeTokenMeta
	case r.Op.isMeta():
		return ShapeMeta
	case r.Op == OpStats:
		return ShapeStats
	}
	return ShapeLine
}

// QuietHides reports whether memcached suppresses a reply of kind k to op with noreply or the q flag. noreply
// suppresses every reply. q suppresses only the expected one: a miss of mg, success of the others. There is one
// exception that the kind does not show: when ma with N and q creates the item, memcached does send the HD or VA.
func QuietHides(op Op, k Kind) bool {
	switch op {
	case OpSet, OpAdd, OpReplace, OpAppend, OpPrepend, OpCAS,
		OpDelete, OpIncr, OpDecr, OpTouch, OpFlushAll, OpVerbosity:
		return true
	case OpMetaGet:
		return k == MetaEN
	case OpMetaSet, OpMetaDelete:
		return k == MetaHD
	case OpMetaArith:
		return k == MetaHD || k == MetaVA
	}
	return false
}
