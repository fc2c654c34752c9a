package backend

import (
	"hash/maphash"

	"magent/ascii"
)

// Joint gets: gets that follow each other within a turn go to a server as one command line with all their keys.
// memcached answers such a line with one system call, but sends a reply of its own to each get of a pipeline. That is
// most of what such a get costs the server, and it wakes us up each time. The reply is taken apart again. Hits come
// in the order of the keys, so a key was a miss if a later one is a hit.

var (
	get  = []byte("get ")
	gets = []byte("gets ")
	end  = []byte("END\r\n")
)

// Get sends a get for one key, perhaps joint with others. The reply is the same as if the key had been asked for
// alone. Otherwise it is like Send; the key is not kept.
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

// Gets is Get with the cas token in the reply. It is never joined with others.
func (c *Conn) Gets(key []byte, to Receiver, slot uint16) bool { return c.single(gets, key, to, slot) }

// single sends a retrieval of one key.
func (c *Conn) single(command, key []byte, to Receiver, slot uint16) bool {
	c.line = append(append(append(c.line[:0], command...), key...), crlf...)
	if !c.Send(c.line, nil, ascii.ShapeValues, to, slot) {
		return false
	}
	c.Expect(key)
	c.Repeatable()
	return true
}

// takeJoint takes the next part of the reply to a joint get, and answers the requests that this settles. The results
// are those of ascii.Framer.
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

// takeHit answers the key whose VALUE block is the first n bytes of data, and the keys before it, which are misses.
// Behind the block data has at least as many bytes as END takes.
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
	// The receiver must see END behind the block. So END replaces the beginning of the next block during the call.
	saved := [5]byte(behind)
	copy(behind, end)
	c.answer(&c.reply)
	if c.epoch == epoch { // otherwise the buffer is no longer ours
		copy(behind, saved[:])
	}
	return n, 0, true
}

// answerRest answers r to all requests of the joint get that are left.
func (c *Conn) answerRest(r *ascii.Reply) {
	epoch := c.epoch
	for more := true; more && c.epoch == epoch; {
		more = c.fifo.at(0).more
		c.answer(r)
	}
}

// miss returns the reply to a get of a key that is not stored.
func (c *Conn) miss() *ascii.Reply {
	c.reply = ascii.Reply{Kind: ascii.Values, Raw: end}
	return &c.reply
}
