package backend

import (
	"magent/ascii"
	"magent/failover"
	"magent/internal/loop"
)

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

// takeIntroduction takes the reply to the first command, and goes on with the next question. Not earlier: a memcached that wants
// a password would close the connection over that, and not say why.
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
	case Refusal(c.reply.Raw) != nil:
		c.next(Refusal(c.reply.Raw))
	default:
		c.need, c.introduced = 0, true
		if c.opt.Greet {
			c.greeting = failover.ReadGreeting(c.reply.Raw)
		}
		if c.shy != c.route.now && n == len(data) {
			c.ask(FullMeta)
			if err := c.s.Flush(); err != nil {
				c.next(err)
				return
			}
		}
		c.takeAnswer(data[n:])
	}
}

// Identity is who the server is, as of the last connection that stood.
func (c *Conn) Identity() failover.Identity { return c.greeting.Identity }

// Greeting is what the server said of itself when the last connection that stood began.
func (c *Conn) Greeting() failover.Greeting { return c.greeting }

// Heard is the loop time of the last progress of the server, or of when a connection was established last.
// Inside Watcher.Recognized it is as of the connection before.
func (c *Conn) Heard() int64 { return max(c.since, c.work.at) }
