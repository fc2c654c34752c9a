package replicate

import (
	"magent/ascii"
	"magent/backend"
	"magent/failover"
	"magent/internal/loop"
	"magent/internal/stats"
)

// Options wires an Engine to the servers of its pool on its loop.
type Options struct {
	Hash      backend.HashFunc
	Primaries *backend.Ring
	Backups   *backend.Ring   // nil: a pool without backups
	Conns     []*backend.Conn // to the primaries, then to the backups; Health counts in the same way
	Health    *failover.Machine
	Host      Host
	Journal   Recorder // nil: what is known of outages ends with the process

	Spare    *loop.Spare  // what the free lists of the loop keep; nil: the engine's alone
	UnixTime func() int64 // the time of day, in seconds

	Redis      bool // the servers are Redis's, and there are no backups: DoRedis and Transact instead of Do
	Random     bool // keys are not placed: every server will do for a command
	Loops      int  // that have an engine each for this pool
	Strict     bool // what cannot be is a panic, not only counted: in tests
	MaxDirty   int  // dirty keys of one server; more, and all of its keys are
	AckPrimary bool // a mutation is answered as soon as the primary has answered
	Count      *stats.Counters
	Hot        *stats.HotKeys // is told the keys of all requests
}

// dirtyKeySize is the average size of dirty keys that MaxDirty is meant for.
const dirtyKeySize = 64

// Engine carries out the requests of one loop on one pool.
type Engine struct {
	opt       Options
	primaries int  // number of them
	hashless  bool // no ring has a choice: the hash is not needed

	free     loop.Free[Call]
	lent     int    // Calls that are in use
	line     []byte // scratch: a command line being written
	plain    []byte // scratch: a reply without the value
	erasing  []byte // scratch: the command line of a deletion
	frags    fragments
	orders   orders
	flushes  uint64           // flush_alls that other loops have begun
	flushDue int64            // when the last flush_all with a delay takes effect, in seconds of the day's time
	flushing int              // those of them that have not ended
	dirty    []failover.Dirty // by server
	erasures loop.Free[erasure]
	returns  []*homecoming // by server: what is being made good
	copies   map[string]*copying
	tallies  []Tally // by server

	incomplete []bool // servers that lack what the other copies have
	unclean    []bool // servers that hold, or may hold, what is out of date, of keys that nobody has listed yet: Distrust
	warming    int    // how many of them are being filled
	recorded   []bool // servers of which the journal has records
	marks      []mark // by server: what its cas tokens are marked with
	marked     []byte // scratch: a reply with marked tokens
	positions  []int  // scratch: where the keys of a command are
	turn       int    // the server that the next command is for which any can carry out
	retired    bool   // see Retire
}

// New returns an engine.
func New(opt Options) *Engine {
	e := &Engine{opt: opt, primaries: opt.Primaries.Len()}
	e.orders = newOrders(e.broken)
	e.free, e.erasures = loop.NewFree[Call](opt.Spare), loop.NewFree[erasure](opt.Spare)
	e.hashless = opt.Primaries.Len() == 1 && (opt.Backups == nil || opt.Backups.Len() == 1)
	e.frags.of = make([]int, 2*len(opt.Conns))
	e.returns = make([]*homecoming, len(opt.Conns))
	e.copies = map[string]*copying{}
	e.tallies = make([]Tally, len(opt.Conns))
	e.incomplete = make([]bool, len(opt.Conns))
	e.unclean = make([]bool, len(opt.Conns))
	e.recorded = make([]bool, len(opt.Conns))
	e.marks = make([]mark, len(opt.Conns))
	e.dirty = make([]failover.Dirty, len(opt.Conns))
	for i := range e.dirty {
		e.dirty[i] = failover.Dirty{MaxKeys: opt.MaxDirty, MaxBytes: opt.MaxDirty * dirtyKeySize}
	}
	return e
}

// Trim lets go of what is kept for use again and was not needed since the last call.
func (e *Engine) Trim() {
	e.free.Trim()
	e.erasures.Trim()
}

// Idle reports whether no request is under way, neither for a client nor behind its back.
func (e *Engine) Idle() bool { return e.lent == 0 }

// SetPrimaries replaces the ring of the primaries, in a pool without backups: one was ejected, or is back.
func (e *Engine) SetPrimaries(r *backend.Ring) { e.opt.Primaries = r }

// place finds the pair of a key: p is the copy whose word counts, b the other one, -1 where there are no backups. The primary's
// counts, but while it must not be read, or holds a wrong value of the key; and where a backup has begun to decide, it does so
// until all it decides about is settled. A copy that is known to be wrong decides only where there is no better one; whoever
// asks it deletes the key there first (hide).
func (e *Engine) place(key []byte) (p, b int) {
	p, b = e.pair(key)
	if b < 0 || !e.opt.Health.Usable(p) {
		return p, b
	}
	x := e.orders.of(key)
	switch {
	case x != nil && x.decider == b && e.counts(b, key):
		return b, p
	case e.counts(p, key):
		return p, b
	case e.counts(b, key):
		return b, p
	case !e.opt.Health.Readable(p) && e.opt.Health.Usable(b) && e.dirty[p].Has(key) && !e.dirty[b].Has(key):
		return b, p // both are returning
	}
	return p, b
}

// PrimaryOf is the primary of a key, as its ring has it now.
func (e *Engine) PrimaryOf(key []byte) int {
	p, _ := e.pair(key)
	return p
}

// pair finds the primary and the backup of a key; b is -1 where there are no backups.
func (e *Engine) pair(key []byte) (p, b int) {
	var h uint32
	if !e.hashless {
		h = e.opt.Hash(key)
	}
	b = -1
	if e.opt.Backups != nil {
		b = e.primaries + e.opt.Backups.Pick(h)
	}
	return e.opt.Primaries.Pick(h), b
}

// Do carries out r and answers c. r and what it refers to are borrowed for the call.
func (e *Engine) Do(c *Call, r *ascii.Request) {
	c.busy = true
	c.op, c.quiet, c.plan = r.Op, r.Quiet, planOf(r)
	c.tokens = e.opt.Backups != nil && showsToken(r)
	c.echoes = r.Op >= ascii.OpMetaGet && r.Meta.Has('k') && ascii.TextKey(r.Key)
	if e.retired {
		c.finish(ascii.ServerError, goneLine)
	} else {
		e.start(c, r)
	}
	c.busy = false
	c.recycle()
}

func (e *Engine) start(c *Call, r *ascii.Request) {
	switch c.plan {
	case planFlush:
		e.flush(c, r)
		return
	case planRetrieve:
		e.retrieve(c, r)
		return
	}
	e.opt.Hot.Touch(r.Key)
	c.p, c.b = e.place(r.Key)
	c.shape = r.Shape()
	if c.shape == ascii.ShapeMeta || c.shape == ascii.ShapeTokenMeta {
		if i := e.lacking(c); i >= 0 {
			c.refuse(i)
			return
		}
	}
	if c.plan == planRead {
		e.read(c, r)
		return
	}
	c.key = append(c.key[:0], r.Key...)
	c.note(r)
	e.begin(c)
	if c.plan == planCompare {
		e.unmark(c, r)
		e.compare(c, r)
		return
	}
	e.mutate(c, r)
}

// full reports whether server i is up but can take no more.
func (e *Engine) full(i int) bool {
	return i >= 0 && e.opt.Health.Usable(i) && e.opt.Conns[i].Full()
}

// noRoom reports whether one of the copies that are up can take no more. A mutation is then sent to neither: a copy must
// not miss it only because it is slow.
func (c *Call) noRoom() bool {
	p, b := c.noRoomAt(slotPrimary, c.p), c.noRoomAt(slotBackup, c.b)
	return p || b
}

// noRoomAt reports whether server i is full, and remembers it for the error line.
func (c *Call) noRoomAt(slot uint16, i int) bool {
	c.full[slot] = c.e.full(i)
	return c.full[slot]
}

// wire returns the two parts of a request for a server, as ascii.AppendHead has them. They are valid until the next use of
// e.line.
func (e *Engine) wire(r *ascii.Request) (head, body []byte) {
	if r.Plain() {
		return r.Head, r.Body
	}
	e.line = ascii.AppendHead(e.line[:0], r)
	return e.line, r.Body
}
