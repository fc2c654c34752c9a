package backend

import (
	"hash/maphash"

	"magent/ascii"
)

// A joint get is what gets that follow each other in one turn become on their way to a server: one command line with
// all their keys. memcached answers it with one system call, whereas it sends the reply to each get of a pipeline by
// itself, which is most of what such a get costs it, and wakes us up for it. The reply is taken apart again: hits come
// in the order of the keys, so a key that is not there when a later one is was a miss.

// seed of the hashes of keys.
var seed = maphash.MakeSeed()

var (
	get  = []byte("get ")
	gets = []byte("gets ")
	gap  = []byte(" ")
	crlf = []byte("\r\n")
	end  = []byte("END\r\n")
)

// Get asks for the value of one key, which is borrowed for the call. The reply is as if it had been asked for alone.
// Otherwise it is as Send.
func (c *Conn) Get(key []byte, to Receiver, slot uint16) bool {
	if c.opt.MaxJoint <= 1 || c.state != ready {
		return c.single(get, key, to, slot)
	}
	e := c.push(to, slot, ascii.ShapeValues, len(gap)+len(key))
	e.joined, e.key = true, maphash.Bytes(seed, key)
	if c.open > 0 && c.open < c.opt.MaxJoint {
		c.fifo.at(c.fifo.len() - 2).more = true
		c.write(gap)
	} else {
		c.endJoint()
		c.write(get)
		e.size = uint32(len(get) + len(key) + len(crlf))
	}
	c.write(key)
	c.open++
	c.check()
	return true
}

// Gets is Get with the cas token in the reply. No two of them share a line.
func (c *Conn) Gets(key []byte, to Receiver, slot uint16) bool { return c.single(gets, key, to, slot) }

// single sends a retrieval of one key.
func (c *Conn) single(command, key []byte, to Receiver, slot uint16) bool {
	c.line = append(append(append(c.line[:0], command...), key...), crlf...)
	if !c.Send(c.line, nil, ascii.ShapeValues, to, slot) {
		return false
	}
	c.Expect(key)
	return true
}

// endJoint ends the command line of a joint get.
func (c *Conn) endJoint() {
	if c.open > 0 {
		c.open = 0
		c.write(crlf)
	}
}

// takeJoint takes the next part of the reply to a joint get and answers those to whom it means something. Results are as
// of ascii.Framer.
func (c *Conn) takeJoint(data []byte) (n, need int, ok bool) {
	n, need, ok = c.framer.NextItem(data, &c.reply)
	switch {
	case n == 0 || !ok:
		return n, need, ok
	case c.reply.Kind != ascii.Values: // an error for all that are left
		c.answerRest(&c.reply)
		return n, 0, true
	case c.reply.Hits == 0:
		c.answerRest(c.miss())
		return n, 0, true
	case len(data) < n+len(end):
		return 0, n + len(end), true
	}
	return c.takeHit(data, n)
}

// takeHit answers the key whose VALUE block is the first n bytes of data, and those before it, which were misses. At
// least as many bytes as END takes stand behind the block.
func (c *Conn) takeHit(data []byte, n int) (consumed, need int, ok bool) {
	epoch := c.epoch
	key, _, _ := ascii.NextValue(data[:n])
	sum := maphash.Bytes(seed, key)
	for c.fifo.at(0).key != sum {
		if !c.fifo.at(0).more {
			return 0, 0, false // a key that was not asked for
		}
		c.answer(c.miss())
		if c.epoch != epoch {
			return 0, 0, true
		}
	}
	behind := data[n : n+len(end)]
	c.reply = ascii.Reply{Kind: ascii.Values, Hits: 1, Raw: data[: n+len(end) : n+len(end)]}
	if !c.fifo.at(0).more {
		if string(behind) != string(end) {
			return 0, 0, false
		}
		c.answer(&c.reply)
		return n + len(end), 0, true
	}
	// The next block stands where this reply's END has to be: it makes way for the time of the call.
	saved := [5]byte(behind)
	copy(behind, end)
	c.answer(&c.reply)
	if c.epoch == epoch { // else the buffer is not ours any more
		copy(behind, saved[:])
	}
	return n, 0, true
}

// answerRest gives r to all that are left of the joint get.
func (c *Conn) answerRest(r *ascii.Reply) {
	epoch := c.epoch
	for more := true; more && c.epoch == epoch; {
		more = c.fifo.at(0).more
		c.answer(r)
	}
}

// miss is the reply to a get of a key that is not there.
func (c *Conn) miss() *ascii.Reply {
	c.reply = ascii.Reply{Kind: ascii.Values, Raw: end}
	return &c.reply
}
