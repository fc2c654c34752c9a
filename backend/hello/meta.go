package hello

import "bytes"

// MetaForm is the form in which a memcached has the meta commands. The server is asked at each connect: its version
// proves nothing (a proxy in between has another one), and it may be replaced by an older one at any time.
type MetaForm uint8

const (
	// NoMeta: none that can be used, or not asked yet. Before memcached 1.6.0 the body of ms was
	// executed as commands.
	NoMeta MetaForm = iota
	// OldMeta: memcached 1.6.0 to 1.6.9, as far as it is needed to copy items. A flag (S) has the length
	// of the body of ms, OK stands for HD, and keys cannot be in base64. The documented ms is refused
	// there, and its body executed.
	OldMeta
	// FullMeta: as in protocol.txt, since memcached 1.6.10.
	FullMeta
)

// String returns the form as "stats servers" shows it.
func (f MetaForm) String() string { return [...]string{"none", "old", "full"}[f] }

// The questions, one for each form. Their body is the command mn.
//
// A server that has the form reads mn as the body of an ms that it never stores, as no item has the largest of all
// tokens. It answers NF or EX. If it is too old for the E flag it refuses the command and discards the body. Any
// other server executes mn, which has no effect, and so answers twice. The reply to version comes last in all cases.
const (
	fullQuestion = "ms magent:probe 2 C18446744073709551615 E1\r\nmn\r\nversion\r\n"
	oldQuestion  = "ms magent:probe S2 C18446744073709551615\r\nmn\r\nversion\r\n"

	mostAnswers = 3       // lines, including that of version
	mostAnswer  = 4 << 10 // bytes
)

// Question returns what to send to a server to find out whether it has the form. ReadAnswer parses the answer.
func (f MetaForm) Question() string {
	return [...]string{"", oldQuestion, fullQuestion}[f]
}

// ReadAnswer parses the answer to a Question. has says that the server has the form, flags that it accepted the flags
// as well. With !whole the answer is incomplete. With !ok it is not an answer to a Question.
func ReadAnswer(data []byte) (has, flags, whole, ok bool) {
	var first []byte
	lines, size := 0, 0
	for line := range bytes.Lines(data) {
		if line[len(line)-1] != '\n' {
			break
		}
		if lines++; lines == 1 {
			first = line
		}
		size += len(line)
		if lines == mostAnswers || bytes.HasPrefix(line, []byte("VERSION ")) {
			flags = lines == 2 && tookBody(first)
			has = flags || lines == 2 && bytes.HasPrefix(first, []byte("CLIENT_ERROR "))
			return has, flags, true, size == len(data)
		}
	}
	return false, false, false, len(data) <= mostAnswer
}

// tookBody reports whether the line is the answer of a server that has read an ms with its body. It may
// have been out of memory.
func tookBody(line []byte) bool {
	for _, word := range []string{"NF", "EX", "NS", "SERVER_ERROR"} {
		if rest, found := bytes.CutPrefix(line, []byte(word)); found && (rest[0] == ' ' || rest[0] == '\r') {
			return true
		}
	}
	return false
}
