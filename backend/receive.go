package backend

import (
	"magent/ascii"
	"magent/internal/fault"
	"magent/internal/fleet/forward"
	"magent/internal/loop"
)

// OnReady is called by the loop when the socket can be read or written.
func (c *Conn) OnReady(ev loop.Events) {
	c.onReady(ev)
	c.settled()
}

func (c *Conn) onReady(ev loop.Events) {
	switch {
	case c.state == connecting:
		if ev&loop.Writable != 0 {
			c.onConnect(loop.SocketError(c.s.FD()))
		}
		return
	case c.state == greeting && c.relay != nil:
	case c.state == greeting:
		if ev&loop.Readable != 0 {
			c.readHello()
		}
		return
	case c.state == announcing:
		if ev&loop.Readable != 0 {
			c.stray()
		}
		return
	}
	if !c.may() && !(fault.Reading && ev&loop.Writable == 0) {
		c.lost(ErrForbidden) // reading, too, has the server go on: it waits with what is behind replies without room
		return
	}
	if ev&loop.Writable != 0 {
		unsent := c.s.Unsent()
		if err := c.s.Flush(); err != nil {
			c.lost(err)
			return
		}
		c.work.move(unsent-c.s.Unsent(), c.l.Now())
		if c.relay != nil && c.relay.Unpassed > 0 && c.state == ready {
			c.flushLater()
		}
	}
	if ev&loop.Readable != 0 {
		c.read()
	}
}

func (c *Conn) read() {
	before := len(c.s.Tail())
	data, err := c.s.Read(c.need)
	if err != nil {
		c.lost(err)
		return
	}
	if data == nil {
		return
	}
	came := len(data) - before
	c.Stats.Received += uint64(came)
	c.spoke = true
	c.work.move(came, c.l.Now())
	epoch := c.epoch
	rest, err := c.take(data)
	if c.epoch != epoch {
		return // lost while a reply was handled
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.s.Keep(rest)
	c.reply.Raw = nil // it is not valid any more, and may be all that keeps a large buffer in memory
	c.relax()
}

// take delivers all complete replies in data and returns the rest.
func (c *Conn) take(data []byte) (rest []byte, err error) {
	epoch := c.epoch
	c.need = 0
	for len(data) > 0 {
		if c.relay != nil || c.listener != nil || c.isPush(data) {
			n, apart, err := c.takeApart(data)
			switch {
			case c.epoch != epoch:
				return nil, nil
			case apart && n == 0:
				return data, err
			case apart:
				data = data[n:]
				continue
			}
		}
		if c.fifo.len() == c.open { // the server has not been asked for anything yet
			return nil, ErrUnasked
		}
		n, need, ok := 0, 0, false
		if e := c.fifo.at(0); e.joined {
			n, need, ok = c.takeJoint(data)
		} else if n, need, ok = c.frame(data, e.shape); n > 0 {
			if err = c.outOfStep(e); err != nil {
				return nil, err
			}
			c.answer(&c.reply)
		}
		switch {
		case c.epoch != epoch:
			return nil, nil
		case c.doubt != nil:
			return nil, c.doubt
		case !ok:
			return nil, ErrGarbage
		case n == 0:
			if err = c.outOfBounds(c.fifo.at(0), max(len(data), need)); err != nil {
				return nil, err
			}
			c.need = max(need, c.resp.Expect())
			return data, nil
		}
		data = data[n:]
	}
	return data, nil
}

// takeApart takes what data begins with, if that is no reply as others are: apart. n is its length, and 0 if it is not
// complete, or if there is an error.
func (c *Conn) takeApart(data []byte) (n int, apart bool, err error) {
	switch {
	case c.relay != nil && forward.IsMark(data[0]):
		n, err = c.takeMark(data)
	case c.relay != nil && c.relay.Passed == 0:
		err = ErrUnasked
	case c.relay != nil:
		return 0, false, nil
	case c.listener != nil:
		n, err = c.hear(data)
	default:
		n, err = c.dropPush(data)
	}
	return n, true, err
}

// frame puts the first reply in data into c.reply. The results are those of ascii.Framer.
func (c *Conn) frame(data []byte, shape ascii.Shape) (n, need int, ok bool) {
	if c.opt.Redis == nil {
		return c.framer.Next(data, shape, &c.reply)
	}
	if n, need, ok = c.resp.Next(data); n > 0 {
		c.reply = ascii.Reply{Kind: ascii.Opaque, Raw: data[:n:n]}
	}
	return n, need, ok
}

// onConnect gets the result of connecting a socket.
func (c *Conn) onConnect(err error) {
	switch {
	case err != nil:
		c.next(err)
	case c.opt.Securer != nil && c.route.now.Path == "":
		c.secure()
	default:
		c.meet()
	}
}
