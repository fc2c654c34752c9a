package ascii

const (
	maxKey = 250

	// maxPlainLine limits lines other than retrievals. memcached closes a connection on which more than this arrives
	// without a line end, unless it begins with get or gets.
	maxPlainLine = 2048

	// binaryMagic is the first byte of every request of the binary protocol.
	binaryMagic = 0x80
)

// plainIf records whether Head is canonical. ok says that its words are, and size is its length with single spaces
// and without line end: a line of that length cannot have other spaces. Earlier findings are kept.
func (r *Request) plainIf(ok bool, size int) {
	r.plain = r.plain && ok && size == len(r.Head)-len("\r\n")
}

func isNoreply(word []byte) bool { return string(word) == "noreply" }

// opOf returns the command with this name, or OpNone.
func opOf(word []byte) Op {
	switch string(word) {
	case "get":
		return OpGet
	case "gets":
		return OpGets
	case "gat":
		return OpGat
	case "gats":
		return OpGats
	case "set":
		return OpSet
	case "add":
		return OpAdd
	case "replace":
		return OpReplace
	case "append":
		return OpAppend
	case "prepend":
		return OpPrepend
	case "cas":
		return OpCAS
	case "delete":
		return OpDelete
	case "incr":
		return OpIncr
	case "decr":
		return OpDecr
	case "touch":
		return OpTouch
	case "flush_all":
		return OpFlushAll
	case "verbosity":
		return OpVerbosity
	case "version":
		return OpVersion
	case "stats":
		return OpStats
	case "quit":
		return OpQuit
	case "mg":
		return OpMetaGet
	case "ms":
		return OpMetaSet
	case "md":
		return OpMetaDelete
	case "ma":
		return OpMetaArith
	case "mn":
		return OpMetaNoop
	case "me":
		return OpMetaDebug
	}
	return OpNone
}

// withoutEnd returns a line without its LF or CRLF.
func withoutEnd(line []byte) []byte {
	n := len(line) - 1
	if n > 0 && line[n-1] == '\r' {
		n--
	}
	return line[:n]
}
