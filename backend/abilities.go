package backend

import (
	"bytes"
	"errors"
	"fmt"

	"magent/ascii"
	"magent/internal/loop"
)

// MetaForm is the form in which a memcached has the meta commands. It is found out by asking, at each connect: versions lie
// (a proxy in between has another one), and a server may be replaced by an older one at any time.
type MetaForm uint8

const (
	// NoMeta: none that can be used. Before memcached 1.6.0 the body of ms was executed as commands. Also what has not been
	// asked yet.
	NoMeta MetaForm = iota
	// OldMeta: that of memcached 1.6.0 to 1.6.9, as far as copies of items need it: the length of the body of ms is a flag
	// (S), OK stands for HD, and keys cannot come in base64. The documented ms is refused there, and its body executed.
	OldMeta
	// FullMeta: as in protocol.txt since memcached 1.6.10.
	FullMeta
)

// String is the form as stats servers shows it.
func (f MetaForm) String() string { return [...]string{"none", "old", "full"}[f] }

// Why a meta command is not sent to a server.
var (
	ErrNoMeta  = errors.New("it lacks the meta commands of memcached 1.6.10 and later")
	ErrNoToken = errors.New("it lacks the E flag of ms, which memcached has since 1.6.27")
)

// The questions, one for each form. A server that has the form takes mn for the body of ms, which it does not store in any case:
// no item has the largest of all tokens. It says NF, or EX; or it refuses the E flag, if it is older than that, and throws the
// body away. To all others mn is a command, which has no effect, and they answer twice. In all cases their version is the end.
const (
	fullQuestion = "ms magent:probe 2 C18446744073709551615 E1\r\nmn\r\nversion\r\n"
	oldQuestion  = "ms magent:probe S2 C18446744073709551615\r\nmn\r\nversion\r\n"

	mostAnswers = 3       // lines, with that for version
	mostAnswer  = 4 << 10 // bytes
)

// Question is what a server is asked to find out whether it has the form; ReadAnswer reads what it says.
func (f MetaForm) Question() string {
	return [...]string{"", oldQuestion, fullQuestion}[f]
}

// ReadAnswer reads the answer to a Question: whether the server has that form, and whether it took the flags, too. Not whole:
// more is to come. Not ok: it is no answer to this.
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

// tookBody reports whether the line is the answer of a server that has read an ms and its body. It may have been out of memory.
func tookBody(line []byte) bool {
	for _, word := range []string{"NF", "EX", "NS", "SERVER_ERROR"} {
		if rest, found := bytes.CutPrefix(line, []byte(word)); found && (rest[0] == ' ' || rest[0] == '\r') {
			return true
		}
	}
	return false
}

// ask puts the question for a form, behind what was written before.
func (c *Conn) ask(f MetaForm) {
	c.asking = f
	c.line = append(c.line[:0], f.Question()...)
	c.s.Write(c.line)
}

// takeAnswer takes the answer. When nothing is left to ask the connection stands.
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

// closedOver goes on when a server has ended the connection before it had answered all. There are some that do so over a
// command that they do not know (twemproxy). A connection that breaks just then looks the same, and must not have a server
// count as one without meta commands: it would not be filled. So it has to happen twice at the same address, before that is
// tried without the question; and the server must have answered the first command, both times.
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

// Meta is the form of the meta commands that the server has, as of the last connection that stood.
func (c *Conn) Meta() MetaForm { return c.meta }

// Asked reports whether the server has ever told which form it has.
func (c *Conn) Asked() bool { return c.Stats.Connects > 0 }

// Lacks reports whether the server is known to lack what a request needs whose reply is framed so.
func (c *Conn) Lacks(s ascii.Shape) bool { return c.Lacking(s) != nil }

// Lacking is what the server is known to lack for that; nil: nothing.
func (c *Conn) Lacking(s ascii.Shape) error {
	if c.state != ready {
		return nil
	}
	return c.misses(s)
}

// misses returns why the server must not be sent a request whose reply is framed so, or nil.
func (c *Conn) misses(s ascii.Shape) error {
	switch {
	case s != ascii.ShapeMeta && s != ascii.ShapeOldMeta && s != ascii.ShapeTokenMeta:
	case c.opt.Redis != nil || !c.opt.Greet && !c.opt.Knock: // nobody has asked
	case s == ascii.ShapeOldMeta && c.meta != OldMeta, s != ascii.ShapeOldMeta && c.meta != FullMeta:
		return ErrNoMeta
	case s == ascii.ShapeTokenMeta && !c.token:
		return ErrNoToken
	}
	return nil
}

// withhold takes what the server lacks out of what was collected while the connection was made. In the place of each such
// request it is asked for its version: so the request is answered, with a refusal, when its turn comes.
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

// withhold has the reply to something else, that is asked instead, count as a refusal.
func (e *entry) withhold(why error) {
	e.withheld, e.value, e.shape, e.size = why, false, ascii.ShapeLine, uint32(len(knockLine))
}

// refusalOf is the reply to a request that was withheld.
func (c *Conn) refusalOf(why error) *ascii.Reply {
	return &ascii.Reply{Kind: ascii.ServerError, Raw: fmt.Appendf(nil, "SERVER_ERROR %s: %v\r\n", c.opt.Name, why)}
}
