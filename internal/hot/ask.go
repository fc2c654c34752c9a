package hot

import (
	"bytes"
	"hash/maphash"
)

// What is what a get of a key is to do.
type What uint8

const (
	Pass  What = iota // ask the server, and tell nothing of it
	Hit               // the value is in memory
	Again             // the same, and the server is to be asked all the same: a read has begun
	Join              // wait for a read that is under way
	Start             // a read has begun, and the get is the first that waits for it
)

// Found is the answer to Ask.
type Found struct {
	What  What
	Reply []byte // Hit, Again: that of a server to a get of this key alone; valid until the next call
	CAS   uint64 // Hit, Again: the item's token
	Read  int    // Again, Join, Start: the read. It ends with Answered or Failed, and its number is used again then
}

// Ask is called for each get of a key, at now. The key is borrowed.
func (c *Cache) Ask(key []byte, now int64) Found {
	hash := maphash.Bytes(c.seed, key)
	count := c.counts.add(hash, now, int64(c.opt.Refresh))
	if e := c.values[hash]; e != nil && e.is(key) {
		if now < e.until {
			return c.hit(e, key, now)
		}
		c.remove(e)
	}
	c.sweep(now)
	if id, ok := c.asked[hash]; ok && bytes.Equal(c.flights[id].key, key) {
		return Found{What: Join, Read: id}
	}
	if int(count) < c.opt.Often || !c.mayAsk(hash, now) {
		return Found{}
	}
	return Found{What: Start, Read: c.begin(key, hash, now)}
}

func (c *Cache) hit(e *entry, key []byte, now int64) Found {
	f := Found{What: Hit, Reply: e.reply, CAS: e.cas}
	if now >= e.again && c.mayAsk(e.hash, now) {
		if _, asked := c.asked[e.hash]; !asked {
			e.again = e.until
			f.What, f.Read = Again, c.begin(key, e.hash, now)
		}
	}
	return f
}

// mayAsk reports whether a read that begins now may let its key in.
func (c *Cache) mayAsk(hash uint64, now int64) bool {
	if c.slots[hash%slots].under > 0 || c.closed > 0 || len(c.stale) > maxStale {
		return false
	}
	if len(c.flights)-len(c.free) >= maxFlights {
		return false
	}
	_, stale := c.stale[hash]
	return !stale
}

// begin begins a read.
func (c *Cache) begin(key []byte, hash uint64, now int64) (id int) {
	if n := len(c.free); n > 0 {
		id, c.free = c.free[n-1], c.free[:n-1]
	} else {
		id = len(c.flights)
		c.flights = append(c.flights, flight{})
	}
	f := &c.flights[id]
	*f = flight{
		key: append(f.key[:0], key...), hash: hash, slot: c.slots[hash%slots].age, age: c.age, began: now, under: true,
	}
	if _, taken := c.asked[hash]; !taken { // by another key with this hash
		c.asked[hash] = id
	}
	c.check()
	return id
}

// Key is the key of a read that is under way. It is valid until the read ends.
func (c *Cache) Key(read int) []byte { return c.flights[read].key }

// fresh reports whether no mutation of f's key has been under way since it began, and nothing else has happened.
func (c *Cache) fresh(f *flight) bool {
	return f.age == c.age && f.slot == c.slots[f.hash%slots].age
}

// Answered ends a read with the value that a server has answered.
func (c *Cache) Answered(read int, v Value) {
	f := &c.flights[read]
	if c.end(read) {
		c.put(f, v)
	}
	c.check()
}

// Failed ends a read that has no value.
func (c *Cache) Failed(read int) {
	c.end(read)
	c.check()
}

// end ends a read, and reports whether its reply may be used.
func (c *Cache) end(read int) (fresh bool) {
	f := &c.flights[read]
	c.must(f.under, "a read ends twice")
	f.under = false
	c.free = append(c.free, read)
	if id, ok := c.asked[f.hash]; ok && id == read {
		delete(c.asked, f.hash)
	}
	return c.fresh(f)
}
