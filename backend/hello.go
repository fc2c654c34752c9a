package backend

import (
	"fmt"

	"magent/backend/hello"
	"magent/failover"
	"magent/internal/loop"
)

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
	opt := hello.Options{Greet: c.opt.Greet, Knock: c.opt.Knock, Password: c.opt.Password, Redis: c.opt.Redis}
	step := c.talk.Begin(opt, c.shy == c.route.now)
	if err := c.say(&step); err != nil {
		c.next(c.unmet(err))
	}
}

// say writes what is said in a step.
func (c *Conn) say(step *hello.Step) error {
	if step.Knocks {
		c.haveReplyTime()
	}
	c.s.Write(step.Write)
	return c.s.Flush()
}

// haveReplyTime gives the answer to hello.Knock the time of a reply, if that is longer than the rest of the
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
	case data != nil:
		c.heard(data)
	}
}

// heard goes on with the step that follows from what has arrived.
func (c *Conn) heard(data []byte) {
	step := c.talk.Take(data, c.early)
	if step.Err != nil {
		c.next(step.Err)
		return
	}
	if step.Stats != nil {
		c.greeting = failover.ReadGreeting(step.Stats)
	}
	c.need = step.Need
	c.s.Keep(step.Keep)
	if len(step.Write) > 0 {
		if err := c.say(&step); err != nil {
			c.next(err)
			return
		}
	}
	switch {
	case !step.Done:
	case c.opt.Redis != nil:
		c.established()
	default:
		c.greeted()
	}
}

// Identity returns who the server is, as of the last established connection.
func (c *Conn) Identity() failover.Identity { return c.greeting.Identity }

// Greeting returns what the server reported about itself when the last established connection began.
func (c *Conn) Greeting() failover.Greeting { return c.greeting }

// Heard returns the loop time of the server's last progress, or of the last time that a connection was established.
// Inside Watcher.Recognized it is still about the connection before.
func (c *Conn) Heard() int64 { return max(c.since, c.work.at) }

// Checked returns the loop time at which the server last showed how it is, and what was wrong then; nil: nothing. The
// time is 0 if nothing is known of it yet.
func (c *Conn) Checked() (at int64, err error) {
	if heard := c.Heard(); heard > c.failed.at {
		return heard, nil
	}
	return c.failed.at, c.failed.err
}

// closedOver handles a server that has closed the connection before it answered everything. Some do so on a command
// that they do not know (twemproxy). A connection that breaks at that moment looks the same, but its server must not
// count as one without meta commands, for then it could not be refilled. So the question is left out only after two
// such ends at the same address. Both times the server must have answered the first command.
func (c *Conn) closedOver(err error) {
	if !c.talk.Asked() {
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

// RedisVersion returns the version of a Redis, as of the last established connection, or "" if it does not tell.
func (c *Conn) RedisVersion() string { return c.talk.Version() }

// NoMulti returns why a Redis refuses transactions, in its words, or "" if it takes them.
func (c *Conn) NoMulti() string { return c.talk.NoMulti() }

// RefusesMulti notes that a Redis has refused MULTI, with an error line.
func (c *Conn) RefusesMulti(line []byte) { c.talk.RefusesMulti(line) }

// unmet returns why a server says nothing on a new connection. One that does not accept a certificate may close the
// connection behind the handshake, as that is when it gets the certificate by TLS 1.3.
func (c *Conn) unmet(err error) error {
	if c.opt.Securer != nil && !c.talk.Heard() && leftNothing(err, true) {
		return fmt.Errorf("%w behind the TLS handshake: it may want a certificate, or another one (--server-tls-cert)",
			err)
	}
	return err
}
