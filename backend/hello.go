package backend

import (
	"bytes"
	"fmt"

	"magent/ascii"
	"magent/failover"
	"magent/internal/login"
	"magent/internal/loop"
	"magent/resp"
)

// helloLine is the first command where the server's identity is of interest. Else it is knockLine.
var helloLine = []byte("stats\r\n")

// meet goes on with a new connection on which nothing was said yet.
func (c *Conn) meet() {
	switch {
	case c.opt.Greet || c.opt.Knock || c.opt.Redis != nil:
		c.hello()
	default:
		c.greeted()
	}
}

// hello sends the first commands of a connection, before any request: the question for the server's identity, the
// question whether it answers, or a Redis' login.
func (c *Conn) hello() {
	c.state = greeting
	c.s.Reading(true)
	c.said, c.introduced, c.asking, c.login = true, false, NoMeta, 0
	switch {
	case c.opt.Redis != nil:
		c.line = c.opt.Redis.append(c.line[:0])
		c.s.Write(c.line)
	case c.opt.Password != nil:
		c.said = false
		c.s.Write(c.opt.Password())
		if !c.opt.Greet {
			c.haveReplyTime()
		}
	default:
		c.introduce()
	}
	if err := c.s.Flush(); err != nil {
		c.next(c.unmet(err))
	}
}

// introduce writes the first command of a memcached that has accepted the password, or gets none.
func (c *Conn) introduce() {
	if c.opt.Greet {
		c.s.Write(helloLine)
		return
	}
	c.s.Write(knockLine)
	c.haveReplyTime()
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
	if hungUp(err) {
		err = ErrClosed
	}
	switch {
	case err != nil:
		c.closedOver(c.unmet(err))
	case len(data) > helloReply || c.need > helloReply:
		c.next(tooLarge(max(len(data), c.need), helloReply, "is it a memcached, or a Redis?"))
	case data == nil:
	case c.opt.Redis != nil:
		c.takeLogin(data)
	case !c.said:
		c.takeAdmission(data)
	case c.introduced:
		c.takeAnswer(data)
	default:
		c.takeIntroduction(data)
	}
}

// takeAdmission takes the reply to Options.Password. A memcached that wants none has stored it, and forgets it.
func (c *Conn) takeAdmission(data []byte) {
	n, need, ok := c.framer.Next(data, ascii.ShapeLine, &c.reply)
	c.need = need
	if !ok {
		c.next(ErrGarbage)
		return
	}
	if n == 0 {
		c.s.Keep(data)
		return
	}
	err := Refusal(c.reply.Raw)
	if err == nil {
		err = login.Answer(c.reply.Raw)
	}
	if err == nil && n < len(data) {
		err = ErrUnasked
	}
	if err != nil {
		c.next(err)
		return
	}
	c.need, c.said = 0, true
	c.s.Keep(nil)
	c.s.Write([]byte(login.Forget))
	c.introduce()
	if err := c.s.Flush(); err != nil {
		c.next(err)
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
		c.greeted()
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

// takeLogin takes the replies. When all of them have arrived, the connection is established.
func (c *Conn) takeLogin(data []byte) {
	all := c.opt.Redis.replies()
	for len(data) > 0 {
		n, need, ok := c.resp.Next(data)
		switch {
		case !ok:
			c.next(ErrGarbage)
			return
		case n == 0:
			c.need = need
			c.s.Keep(data)
			return
		case c.isPush(data):
			data = data[n:]
			continue
		case c.login == all:
			c.next(ErrUnasked)
			return
		}
		reply := data[:n]
		data = data[n:]
		c.login++
		switch {
		case c.login == c.opt.Redis.infoAt():
			c.version = resp.InfoVersion(reply)
		case c.login == c.opt.Redis.infoAt()+1:
			if !c.heardMulti(reply) {
				c.next(fmt.Errorf("%w: %s", ErrNoMulti, c.noMulti))
				return
			}
		case c.login == all: // to DISCARD
		case c.login == 1 && c.opt.Redis.Password != "" && resp.NeedsNoAuth(reply):
		case c.opt.Redis.refusesProto(c.login, reply) && !bytes.HasPrefix(reply, []byte("-NOAUTH ")):
			c.next(ErrOldProto)
			return
		case resp.IsError(reply):
			c.next(&NotReady{string(resp.ErrorText(reply)), c.opt.Redis.refusesDB(c.login, reply)})
			return
		}
	}
	c.need = 0
	c.s.Keep(nil)
	if c.login == all {
		c.established()
	}
}

// RedisVersion returns the version of a Redis, as of the last established connection, or "" if it does not tell.
func (c *Conn) RedisVersion() string { return c.version }

// unmet returns why a server says nothing on a new connection. One that does not accept a certificate may close the
// connection behind the handshake, as that is when it gets the certificate by TLS 1.3.
func (c *Conn) unmet(err error) error {
	heard := c.introduced || c.login > 0 || c.opt.Password != nil && c.said
	if c.opt.Securer != nil && !heard && leftNothing(err, true) {
		return fmt.Errorf("%w behind the TLS handshake: it may want a certificate, or another one (--server-tls-cert)",
			err)
	}
	return err
}
