package backend

import (
	"magent/ascii"
	"magent/failover"
	"magent/internal/loop"
)

// The first command of a connection. It asks for the server's identity, or only whether the server answers.
var (
	helloLine = []byte("stats\r\n")
	knockLine = []byte("version\r\n")
)

// hello sends the first commands of a connection, before any request: the question for the server's identity, the
// question whether it answers, or a Redis' login.
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

// haveReplyTime gives the answer to knockLine the time of a reply, if that is longer than the rest of the
// connect time. A slow server whose replies are waited for must be able to connect. This does not apply while
// there are other addresses to try.
func (c *Conn) haveReplyTime() {
	switch {
	case len(c.route.left) > 0:
	case c.opt.Timeout <= 0:
		c.l.Unset(c.clock)
	case c.l.Now()+int64(c.opt.Timeout) > c.route.until:
		c.l.SetAt(c.clock, c.l.Now()+int64(c.opt.Timeout))
	}
}

// readHello reads the replies. When the last one has arrived, the connection is established.
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

// takeIntroduction takes the reply to the first command, and sends the next question only then. A memcached that
// requires a password would close the connection over that question without naming the reason.
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

// Identity returns who the server is, as of the last established connection.
func (c *Conn) Identity() failover.Identity { return c.greeting.Identity }

// Greeting returns what the server reported about itself when the last established connection began.
func (c *Conn) Greeting() failover.Greeting { return c.greeting }

// Heard returns the loop time of the server's last progress, or of the last time that a connection was established.
// Inside Watcher.Recognized it is still about the connection before.
func (c *Conn) Heard() int64 { return max(c.since, c.work.at) }
