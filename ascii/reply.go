package ascii

// Kind is what a server's reply says, by its first word.
type Kind uint8

// The replies of memcached's text protocol. Lost is not on the wire: a server that could not answer.
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
	Opaque // of another protocol
)

// Refused reports whether a server has refused a command rather than executed it.
func (k Kind) Refused() bool { return k == Error || k == ClientError || k == ServerError }

// Reply is one framed reply of a server. Raw aliases the buffer given to Framer.Next and is
// valid until that buffer changes.
type Reply struct {
	Kind   Kind
	Raw    []byte // all its bytes, line ends included
	Hits   int    // Values: number of VALUE blocks
	Number uint64 // Number: the number
}

// Shape says how the reply to a request is framed.
type Shape uint8

const (
	// ShapeLine: one line.
	ShapeLine Shape = iota
	// ShapeValues: VALUE blocks and END, or one error line.
	ShapeValues
	// ShapeMeta: one line, or VA and a value.
	ShapeMeta
	// ShapeTokenMeta: as ShapeMeta, of an ms that names the token of what it stores (E), which memcached has since 1.6.27.
	ShapeTokenMeta
	// ShapeOldMeta: as ShapeMeta of memcached 1.6.0 to 1.6.9, where OK stands for HD. It is of the kind MetaHD all the same.
	ShapeOldMeta
	// ShapeStats: STAT lines and END, or one other line.
	ShapeStats
)

// Shape returns how the reply to this request is framed. There is none to quit.
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

// QuietHides reports whether memcached keeps a reply of this kind back from a client that asked op with noreply
// or with q. noreply hides every reply; q hides only what the client expects: a miss of mg, success of the
// others. (One case cannot be told by the reply: when ma with N and q creates the item, memcached answers, with
// the same HD or VA that it hides otherwise.)
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
