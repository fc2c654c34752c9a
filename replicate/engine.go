package replicate

import (
	"magent/ascii"
	"magent/failover"
	"magent/internal/call"
	"magent/internal/loop"
)

// Options are what an Engine needs beside its servers.
type Options struct {
	Host     Host
	Journal  Recorder     // nil: what is known of outages ends with the process
	UnixTime func() int64 // the time of day, in seconds

	Loops      int  // that have an engine each for this pool
	MaxDirty   int  // dirty keys of one server; more, and all of its keys are
	AckPrimary bool // a mutation is answered as soon as the primary has answered
}

// dirtyKeySize is the average size of dirty keys that MaxDirty is meant for.
const dirtyKeySize = 64

// Engine carries out the requests of one loop on one pool.
type Engine struct {
	*call.Servers
	opt Options

	free     loop.Free[Call]
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
}

// New returns an engine for servers.
func New(servers *call.Servers, opt Options) *Engine {
	e := &Engine{Servers: servers, opt: opt}
	e.orders = newOrders(e.broken)
	e.free, e.erasures = loop.NewFree[Call](e.Spare), loop.NewFree[erasure](e.Spare)
	e.frags.of = make([]int, 2*len(e.Conns))
	e.returns = make([]*homecoming, len(e.Conns))
	e.copies = map[string]*copying{}
	e.tallies = make([]Tally, len(e.Conns))
	e.incomplete = make([]bool, len(e.Conns))
	e.unclean = make([]bool, len(e.Conns))
	e.recorded = make([]bool, len(e.Conns))
	e.marks = make([]mark, len(e.Conns))
	e.dirty = make([]failover.Dirty, len(e.Conns))
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

// place finds the pair of a key: p is the copy whose word counts, b the other one, -1 where there are no backups. The primary's
// counts, but while it must not be read, or holds a wrong value of the key; and where a backup has begun to decide, it does so
// until all it decides about is settled. A copy that is known to be wrong decides only where there is no better one; whoever
// asks it deletes the key there first (hide).
func (e *Engine) place(key []byte) (p, b int) {
	p, b = e.Pair(key)
	if b < 0 || !e.Health.Usable(p) {
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
	case !e.Health.Readable(p) && e.Health.Usable(b) && e.dirty[p].Has(key) && !e.dirty[b].Has(key):
		return b, p // both are returning
	}
	return p, b
}

// Do carries out r and answers c. r and what it refers to are borrowed for the call.
func (e *Engine) Do(c *Call, r *ascii.Request) {
	c.Begin()
	c.op, c.quiet, c.plan = r.Op, r.Quiet, planOf(r)
	c.tokens = e.Backups != nil && showsToken(r)
	c.echoes = r.Op >= ascii.OpMetaGet && r.Meta.Has('k') && ascii.TextKey(r.Key)
	if e.Retired {
		c.finish(ascii.ServerError, goneLine)
	} else {
		e.start(c, r)
	}
	c.End()
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
	e.Hot.Touch(r.Key)
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

// noRoom reports whether one of the copies that are up can take no more. A mutation is then sent to neither: a copy must
// not miss it only because it is slow.
func (c *Call) noRoom() bool {
	p, b := c.NoRoomAt(call.Lead, c.p), c.NoRoomAt(call.Follow, c.b)
	return p || b
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
