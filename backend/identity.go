package backend

import (
	"fmt"
	"hash/fnv"

	"magent/ascii"
	"magent/internal/loop"
)

// Identity names one run of a server: a restart changes it, a partition or a new connection does not. It is taken from the
// reply to stats. Two runs may share it (Greeting.Continues). The zero value: not known.
type Identity struct {
	PID   int64 // of the process
	Start int64 // when that began, as a Unix time in seconds: time less uptime
}

// String is the identity as stats servers shows it.
func (id Identity) String() string {
	if id == (Identity{}) {
		return "unknown"
	}
	return fmt.Sprintf("%d@%d", id.PID, id.Start)
}

// ParseIdentity reads what String has written. What is not of that form is an identity that is not known.
func ParseIdentity(s string) (id Identity) {
	if n, err := fmt.Sscanf(s, "%d@%d", &id.PID, &id.Start); n != 2 || err != nil {
		return Identity{}
	}
	return id
}

// markBits is the size of a mark.
const markBits = 15

// Mark is a number of 15 bits for the server of that name in this run, never 0, and the same in every proxy that gives
// the server this name. It is 0 when the identity is not known.
func (id Identity) Mark(server string) uint64 {
	if id == (Identity{}) {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %s", server, id)
	sum := h.Sum64()
	return max(1, (sum^sum>>markBits^sum>>(2*markBits))&(1<<markBits-1))
}

// The first command of a connection: who the server is, or, where that is of no interest, whether it answers at all.
var (
	helloLine = []byte("stats\r\n")
	knockLine = []byte("version\r\n")
)

// hello asks the server who it is, or whether it lets us in, or logs in, before it gets any request.
func (c *Conn) hello() {
	c.state = greeting
	c.s.Reading(true)
	switch {
	case c.opt.Redis != nil:
		c.line = c.opt.Redis.append(c.line[:0])
		c.s.Write(c.line)
		c.login = 0
	case c.opt.Greet:
		c.s.Write(helloLine)
	default:
		c.s.Write(knockLine)
		c.haveReplyTime()
	}
	c.introduced, c.asking = false, NoMeta
	if c.opt.Redis == nil && c.shy != c.route.now {
		c.ask(FullMeta)
	}
	if err := c.s.Flush(); err != nil {
		c.next(err)
	}
}

// haveReplyTime gives the answer to knockLine the time of a reply, where that is longer: a server that is slow to answer, and whose answers
// are waited for, has been connected to all the same. Not while there are other addresses to be tried.
func (c *Conn) haveReplyTime() {
	switch {
	case len(c.route.left) > 0:
	case c.opt.Timeout <= 0:
		c.l.Unset(c.clock)
	case c.l.Now()+int64(c.opt.Timeout) > c.route.until:
		c.l.SetAt(c.clock, c.l.Now()+int64(c.opt.Timeout))
	}
}

// readHello takes the reply. When it is complete the connection stands.
func (c *Conn) readHello() {
	data, err := c.s.Read(c.need)
	if loop.IsEOF(err) {
		err = ErrClosed
	}
	switch {
	case err != nil:
		c.closedOver(err)
	case len(data) > helloReply || c.need > helloReply:
		c.next(tooLarge(max(len(data), c.need), helloReply, "is it a memcached, or a Redis?"))
	case data == nil:
	case c.opt.Redis != nil:
		c.takeLogin(data)
	case c.introduced:
		c.takeAnswer(data)
	default:
		c.takeIntroduction(data)
	}
}

// takeIntroduction takes the reply to the first command, and goes on with what is behind it.
func (c *Conn) takeIntroduction(data []byte) {
	shape := ascii.ShapeLine
	if c.opt.Greet {
		shape = ascii.ShapeStats
	}
	n, need, ok := c.framer.Next(data, shape, &c.reply)
	c.need = need
	switch {
	case !ok:
		c.next(ErrGarbage)
	case n == 0:
		c.s.Keep(data)
	case refusal(&c.reply) != nil:
		c.next(refusal(&c.reply))
	default:
		c.need, c.introduced = 0, true
		if c.opt.Greet {
			c.greeting = ReadGreeting(c.reply.Raw)
		}
		c.takeAnswer(data[n:])
	}
}

// Identity is who the server is, as of the last connection that stood.
func (c *Conn) Identity() Identity { return c.greeting.Identity }

// Greeting is what the server said of itself when the last connection that stood began.
func (c *Conn) Greeting() Greeting { return c.greeting }

// Heard is the loop time of the last progress of the server, or of when a connection was established last.
// Inside Watcher.Recognized it is as of the connection before.
func (c *Conn) Heard() int64 { return max(c.since, c.work.at) }
