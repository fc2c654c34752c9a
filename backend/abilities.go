package backend

import (
	"bytes"
	"errors"
	"fmt"

	"magent/ascii"
	"magent/internal/loop"
)

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

// Why a server does not get a meta command.
var (
	ErrNoMeta  = errors.New("it lacks the meta commands of memcached 1.6.10 and later")
	ErrNoToken = errors.New("it lacks the E flag of ms, which memcached has since 1.6.27")
)

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

// ask writes the question for a form behind what was written before.
func (c *Conn) ask(f MetaForm) {
	c.asking = f
	c.line = append(c.line[:0], f.Question()...)
	c.s.Write(c.line)
}

// takeAnswer parses the answer. If there is nothing else to ask, the connection is established.
func (c *Conn) takeAnswer(data []byte) {
	has, flags, whole, ok := false, false, true, len(data) == 0
	if c.asking != NoMeta {
		has, flags, whole, ok = ReadAnswer(data)
	}
	switch {
	case !ok:
		c.next(ErrUnasked)
	case !whole:
		c.s.Keep(data)
	case !has && c.asking == FullMeta:
		c.s.Keep(nil)
		c.ask(OldMeta)
		if err := c.s.Flush(); err != nil {
			c.next(err)
		}
	default:
		c.s.Keep(nil)
		c.meta = NoMeta
		if has {
			c.meta = c.asking
		}
		c.token = flags && c.asking == FullMeta
		c.established()
	}
}

// closedOver handles a server that has closed the connection before it answered everything. Some do so on a command
// that they do not know (twemproxy). A connection that breaks at that moment looks the same, but its server must not
// count as one without meta commands, for then it could not be refilled. So the question is left out only after two
// such ends at the same address. Both times the server must have answered the first command.
func (c *Conn) closedOver(err error) {
	if c.asking == NoMeta {
		c.next(err)
		return
	}
	if c.closedAt != c.route.now {
		c.closedAt, c.closes = c.route.now, 0
	}
	if c.closes++; c.closes > 1 {
		c.shy = c.route.now
	}
	c.route.left = append([]loop.Endpoint{c.route.now}, c.route.left...)
	c.next(err)
}

// Meta returns the form of the server's meta commands, as of the last established connection.
func (c *Conn) Meta() MetaForm { return c.meta }

// Asked reports whether the server has ever told its form.
func (c *Conn) Asked() bool { return c.Stats.Connects > 0 }

// Lacks reports whether the server is known to lack what a request with this shape of reply needs.
func (c *Conn) Lacks(s ascii.Shape) bool { return c.Lacking(s) != nil }

// Lacking returns what the server is known to lack for such a request, or nil.
func (c *Conn) Lacking(s ascii.Shape) error {
	if c.state != ready {
		return nil
	}
	return c.misses(s)
}

// misses returns why the server must not get a request with this shape of reply, or nil.
func (c *Conn) misses(s ascii.Shape) error {
	switch {
	case s != ascii.ShapeMeta && s != ascii.ShapeOldMeta && s != ascii.ShapeTokenMeta:
	case c.opt.Redis != nil || !c.opt.Greet && !c.opt.Knock: // the server was not asked
	case s == ascii.ShapeOldMeta && c.meta != OldMeta, s != ascii.ShapeOldMeta && c.meta != FullMeta:
		return ErrNoMeta
	case s == ascii.ShapeTokenMeta && !c.token:
		return ErrNoToken
	}
	return nil
}

// withhold removes requests that the server lacks the commands for from those collected while connecting. Each one is
// replaced by the command version, so that it is answered in its turn, with a refusal.
func (c *Conn) withhold() {
	lacking := false
	for i := range c.fifo.len() {
		lacking = lacking || c.misses(c.fifo.at(i).shape) != nil
	}
	if !lacking {
		return
	}
	var out []byte
	for i, rest := 0, c.early; i < c.fifo.len(); i++ {
		e := c.fifo.at(i)
		request := rest[:e.size]
		rest = rest[e.size:]
		if why := c.misses(e.shape); why != nil {
			e.withhold(why)
			request = knockLine
		}
		out = append(out, request...)
	}
	c.early = out
}

// withhold makes the reply to knockLine, which is sent instead of the request, count as a refusal because of why.
func (e *entry) withhold(why error) {
	e.withheld, e.value, e.shape, e.size = why, false, ascii.ShapeLine, uint32(len(knockLine))
}

// refusalOf returns the reply to a request that was withheld.
func (c *Conn) refusalOf(why error) *ascii.Reply {
	return &ascii.Reply{Kind: ascii.ServerError, Raw: fmt.Appendf(nil, "SERVER_ERROR %s: %v\r\n", c.opt.Name, why)}
}
