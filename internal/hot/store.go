package hot

import (
	"bytes"
	"time"
)

// Value is what a server has answered to a read.
type Value struct {
	Reply []byte // to a get of the key alone; borrowed. Empty: the key was not found
	CAS   uint64
	TTL   int64 // seconds; less than 0: for ever
}

// before is what stands before the key in a reply to a get.
const before = len("VALUE ")

// is reports whether e is the value of key.
func (e *entry) is(key []byte) bool {
	return e.key == len(key) && bytes.Equal(e.reply[before:before+e.key], key)
}

// put replaces the value of a key by what f has read.
func (c *Cache) put(f *flight, v Value) {
	until := f.began + int64(c.opt.Refresh)
	if v.TTL >= 0 { // the server's clock ticks once per second, at any moment of ours
		until = min(until, f.began+(v.TTL-1)*int64(time.Second))
	}
	old := c.values[f.hash]
	if old != nil && (!old.is(f.key) || len(v.Reply) == 0) {
		c.remove(old)
		old = nil
	}
	if len(v.Reply) == 0 || len(v.Reply) > MaxReply || until <= f.began {
		if old != nil {
			c.remove(old)
		}
		c.counts.forget(f.hash) // so that this is not tried each time
		return
	}
	e := &entry{}
	if old != nil {
		e.reply = old.reply[:0]
		c.remove(old)
	}
	if n := cap(e.reply); n < len(v.Reply) || n > 2*len(v.Reply) {
		e.reply = make([]byte, 0, len(v.Reply))
	}
	e.hash, e.key, e.cas, e.until = f.hash, len(f.key), v.CAS, until
	e.again = until - (until-f.began)/4
	e.reply = append(e.reply, v.Reply...)
	if !c.makeRoom(e.size(), c.counts.of(f.hash)) {
		return
	}
	e.place = len(c.ring)
	c.ring = append(c.ring, e)
	c.values[e.hash] = e
	c.bytes += e.size()
}

// remove takes an entry out.
func (c *Cache) remove(e *entry) {
	last := c.ring[len(c.ring)-1]
	c.ring[e.place] = last
	last.place = e.place
	c.ring[len(c.ring)-1] = nil
	c.ring = c.ring[:len(c.ring)-1]
	delete(c.values, e.hash)
	c.bytes -= e.size()
}

// maxLooks bounds how many entries are looked at to make room for one.
const maxLooks = 16

// makeRoom makes room for so many bytes of a key that was asked for so often. Keys that were asked for less often go.
func (c *Cache) makeRoom(size int, count uint8) bool {
	for range maxLooks {
		if c.bytes+size <= c.opt.Size {
			return true
		}
		if len(c.ring) == 0 {
			return false
		}
		if e := c.next(); c.counts.of(e.hash) < count {
			c.remove(e)
		}
	}
	return c.bytes+size <= c.opt.Size
}

// next returns the entry that is looked at next. There is one.
func (c *Cache) next() *entry {
	c.hand++
	if c.hand >= len(c.ring) {
		c.hand = 0
	}
	return c.ring[c.hand]
}

// sweep looks at one entry, and takes it out if it is used no more.
func (c *Cache) sweep(now int64) {
	if len(c.ring) > 0 {
		if e := c.next(); now >= e.until {
			c.remove(e)
		}
	}
}
