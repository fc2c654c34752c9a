package hot

import (
	"hash/maphash"
	"time"

	"magent/internal/fault"
)

// Options configure a Cache.
type Options struct {
	Size    int           // bytes of memory for the values, with what is needed to find them
	Refresh time.Duration // for how long a value is used; more than 0
	Often   int           // how often a key is asked for within about two Refresh, before it is let in; 0: oftenEnough
	Strict  bool          // a broken invariant is a panic; for tests. With -race and -tags faults it always is
}

// Bounds that no option changes.
const (
	MaxReply    = 64 << 10 // bytes of a reply that is kept
	oftenEnough = 4        // requests for a key that is let in, see Options.Often
	maxFlights  = 4096     // reads under way
	slots       = 1 << 12  // keys share the count of mutations under way; a power of two
	maxStale    = 1 << 14  // keys that are marked as stale; with more of them nothing is let in
)

// Cache has the values. check asserts the rules at its fields.
type Cache struct {
	opt  Options
	seed maphash.Seed

	// values has the entries by the hashes of their keys, ring the same ones in any order. bytes is the sum of their
	// sizes, and at most Options.Size. No mutation of a key in here is under way.
	values map[uint64]*entry
	ring   []*entry
	bytes  int
	hand   int // the entry in ring that is looked at next, when room is made

	// asked has the reads that others may join, by the hashes of their keys. Since such a read began, no mutation of
	// its key has been under way, and nothing has called Out or Clear for it.
	asked   map[uint64]int
	flights []flight
	free    []int // flights that are not under way

	slots [slots]slot
	age   uint64 // of everything: Clear increments it
	// closed is how many flush_alls are under way; never below 0. While there are some, there are no values
	// and no reads to join.
	closed int
	stale  map[uint64]struct{} // hashes of keys that a client has marked as stale

	counts sketch
}

// slot counts the mutations of the keys that share it.
type slot struct {
	under uint32 // mutations under way
	age   uint64 // incremented when a mutation begins, and by Out
}

// entry is the value of a key.
type entry struct {
	hash  uint64
	key   int    // bytes of the key, which stands in reply behind "VALUE "
	reply []byte // to a get of the key alone
	cas   uint64
	place int   // in Cache.ring
	again int64 // when the key is to be asked for again; until if it is being asked for
	until int64 // the value is not used from then on
}

// overhead is about how many bytes an entry takes beside its reply.
const overhead = 160

func (e *entry) size() int { return cap(e.reply) + overhead }

// flight is a read that may let its key in.
type flight struct {
	key   []byte
	hash  uint64
	slot  uint64 // slot.age when it began; a mutation of another key may have changed that
	age   uint64 // Cache.age when it began
	began int64
	under bool
}

// New returns an empty Cache.
func New(opt Options) *Cache {
	if opt.Often == 0 {
		opt.Often = oftenEnough
	}
	c := &Cache{opt: opt, seed: maphash.MakeSeed(), stale: map[uint64]struct{}{}}
	c.drop()
	return c
}

// drop forgets all values, and that reads may be joined.
func (c *Cache) drop() {
	if len(c.ring) > 0 || c.values == nil {
		c.values, c.ring, c.bytes, c.hand = map[uint64]*entry{}, nil, 0, 0
	}
	if len(c.asked) > 0 || c.asked == nil {
		c.asked = map[uint64]int{}
	}
}

// Keys returns how many keys are in memory.
func (c *Cache) Keys() int { return len(c.ring) }

// Bytes returns how many bytes they take.
func (c *Cache) Bytes() int { return c.bytes }

// must reports a broken invariant.
func (c *Cache) must(holds bool, rule string) {
	if !holds && (fault.Strict || c.opt.Strict) {
		panic("hot: " + rule)
	}
}

// check asserts the rules at the fields.
func (c *Cache) check() {
	if !fault.Strict && !c.opt.Strict {
		return
	}
	size := 0
	for i, e := range c.ring {
		size += e.size()
		c.must(e.place == i && c.values[e.hash] == e, "a value is not where it says")
		c.must(e.again <= e.until, "a value is asked for again when it is not used any more")
	}
	c.must(len(c.values) == len(c.ring) && size == c.bytes, "the values do not add up")
	c.must(c.bytes <= c.opt.Size, "there are more bytes than allowed")
	c.must(c.closed >= 0, "more flush_alls have ended than begun")
	c.must(c.closed == 0 || len(c.ring)+len(c.asked) == 0, "there are values during a flush_all")
	for hash, id := range c.asked {
		f := &c.flights[id]
		c.must(f.under && f.hash == hash && f.age == c.age, "a read may be joined that is out of date")
	}
}
