package verify

import (
	"bytes"
	"context"
	"time"

	"golang.org/x/time/rate"
)

// verifier is one run.
type verifier struct {
	o         Options
	ctx       context.Context
	conns     []*conn       // primaries first, then backups; nil: the server is drained
	pace      *rate.Limiter // limits the keys that are read, by batches
	batch     batch
	suspects  []*suspect
	repairs   []repair
	planned   int // the size of the planned repairs in bytes
	result    Result
	removing  int       // the number of planned deletions
	replacing int       // the number of copies that are planned to be overwritten, if nobody knows whether they should
	mayChange int       // the largest number of either
	counting  bool      // this run only counts, before a repair
	asked     time.Time // when Options.Settled was asked last
	items     int       // the number of items that were listed
	total     int       // the expected number of items
}

// server returns the server with index i, which counts the primaries, then the backups.
func (v *verifier) server(i int) Server {
	if i < len(v.o.Primaries) {
		return v.o.Primaries[i]
	}
	return v.o.Backups[i-len(v.o.Primaries)]
}

// link returns the tally of the two servers of x.
func (v *verifier) link(x pair) *Tally {
	key := Link{x.p, x.b}
	if v.result.Links[key] == nil {
		v.result.Links[key] = new(Tally)
	}
	return v.result.Links[key]
}

// flush sends the collected commands to all servers.
func (v *verifier) flush() error {
	for _, c := range v.conns {
		if c == nil {
			continue
		}
		if err := c.flush(); err != nil {
			return err
		}
	}
	return nil
}

// pair is a key with the indexes of its two servers, p of the primary and b of the backup.
type pair struct {
	p, b int
	key  []byte
}

// batch collects pairs, with copies of their keys.
type batch struct {
	most  int // the largest number of keys
	pairs []pair
	keys  []byte // the bytes of all keys
}

// A batch of keys is read at once. Its requests must fit into the buffers of a socket, because the replies are read
// only after all requests are sent.
const (
	batchKeys  = 100
	batchBytes = 8 << 10
)

func (b *batch) add(x pair) {
	at := len(b.keys)
	b.keys = append(b.keys, x.key...)
	x.key = b.keys[at:len(b.keys):len(b.keys)] // if b.keys grows later, the key stays in the old array
	b.pairs = append(b.pairs, x)
}

func (b *batch) full() bool { return len(b.pairs) >= b.most || len(b.keys) >= batchBytes }

func (b *batch) reset() { b.pairs, b.keys = b.pairs[:0], b.keys[:0] }

// suspect is a key whose copies seem to differ.
type suspect struct {
	pair
	kind           Kind
	lost           bool   // only the backup has the key, and it got it before the primary was started
	pToken, bToken uint64 // the cas tokens of the copies; 0: the server does not have the key
	seen           int    // the number of readings in a row with these tokens
	rounds         int    // the number of readings

	believed Kind   // the kind of difference when it was first certain, or Same
	tries    int    // the number of attempts to repair it
	trouble  string // why the last attempt failed
	added    uint64 // the token of the copy that was added, or 0
	addedTo  int    // the server that got it
	undone   bool   // the added copy was deleted again
	refused  uint64 // the token of the last item that md did not delete, or 0
}

func newSuspect(x pair) *suspect {
	x.key = bytes.Clone(x.key)
	return &suspect{pair: x}
}

// saw notes a reading that found a difference.
func (s *suspect) saw(kind Kind, pToken, bToken uint64) {
	if s.pToken != pToken || s.bToken != bToken {
		s.seen = 0
	}
	s.kind, s.pToken, s.bToken = kind, pToken, bToken
	s.seen++
	s.rounds++
}

// repair is a command that repairs a key.
type repair struct {
	s       *suspect
	to      int    // the server that gets it
	add     bool   // it stores only if there is no item
	removed uint64 // the token of the item that md deletes; 0: it is not md
}
