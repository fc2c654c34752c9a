package hot

import (
	"hash/maphash"

	"magent/internal/fault"
)

// Mark stands for a mutation that is under way; 0: none.
type Mark uint16

// Begins tells that a mutation of a key is about to be sent. Ends has to be called with what it returns.
func (c *Cache) Begins(key []byte) Mark {
	hash := maphash.Bytes(c.seed, key)
	s := &c.slots[hash%slots]
	s.under++
	s.age++
	if !fault.HotKeys {
		c.out(hash)
	}
	c.check()
	return Mark(hash%slots) + 1
}

// Ends tells that nobody waits for a reply to a mutation any more.
func (c *Cache) Ends(m Mark) {
	s := &c.slots[m-1]
	c.must(s.under > 0, "more mutations have ended than begun")
	s.under--
}

// Stale tells that a mutation marks a key as stale. The next read by mg is then told to fetch the new value, and takes
// this task from all others. So that read must be a client's: the key is not let in before Renewed.
func (c *Cache) Stale(key []byte) {
	if len(c.stale) <= maxStale {
		c.stale[maphash.Bytes(c.seed, key)] = struct{}{}
	}
}

// Renewed tells that a mutation replaces or removes the item of a key.
func (c *Cache) Renewed(key []byte) {
	if len(c.stale) > 0 {
		delete(c.stale, maphash.Bytes(c.seed, key))
	}
}

// Missed takes a key out that a server did not have.
func (c *Cache) Missed(key []byte) {
	if len(c.ring)+len(c.asked) > 0 {
		hash := maphash.Bytes(c.seed, key)
		_, asked := c.asked[hash]
		if asked || c.values[hash] != nil {
			c.leave(hash)
		}
	}
}

// Out takes a key out, because another server answers for it from now on.
func (c *Cache) Out(key []byte) { c.leave(maphash.Bytes(c.seed, key)) }

func (c *Cache) leave(hash uint64) {
	c.slots[hash%slots].age++
	c.out(hash)
	c.check()
}

func (c *Cache) out(hash uint64) {
	if e := c.values[hash]; e != nil {
		c.remove(e)
	}
	delete(c.asked, hash)
}

// Clear takes all keys out. Reads that are under way let none in.
func (c *Cache) Clear() {
	c.age++
	c.drop()
	c.check()
}

// Close is Clear for a flush_all that is about to be sent, perhaps by others. Nothing is let in before Open.
func (c *Cache) Close() {
	c.closed++
	c.Clear()
}

// Open tells that nobody waits for a reply to a flush_all any more.
func (c *Cache) Open() {
	c.closed--
	c.must(c.closed >= 0, "more flush_alls have ended than begun")
	c.Clear()
}
