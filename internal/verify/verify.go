package verify

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/time/rate"

	"magent/backend"
	"magent/internal/metadump"
)

// Options of Run.
type Options struct {
	Primaries, Backups      []Server
	Hash                    backend.HashFunc
	PrimaryRing, BackupRing *backend.Ring
	Timeout                 time.Duration                         // for a reply
	Rate                    int                                   // keys asked for in a second, at most
	Repair                  bool                                  // mend what differs: the primary's word counts
	Fill                    bool                                  // with Repair: what only the backup has is copied to the primary, not deleted
	Force                   bool                                  // with Repair: whatever speaks against it
	Found                   func(Finding)                         // each key that differs; of a repair, once it is counted what there is to do
	Counted                 func(filled []Loss)                   // before a repair begins: which primaries are filled although Fill is not set
	Progress                func(counting bool, items, total int) // counting: before a repair
}

// Finding is a key whose copies differ, or differed until they were mended.
type Finding struct {
	Kind            Kind
	Key             []byte // valid during the call
	Primary, Backup string // the names of its servers
	Repaired        bool
	Trouble         string // why it could not be mended, if that was tried
}

// Result is what was found.
type Result struct {
	Compared  int        // keys, each once
	Differ    [kinds]int // by kind, mended ones included
	Repaired  int
	Unsure    int             // keys that could not be judged: stale, written all the time, or impossible to ask for
	Misplaced []int           // keys that no client asks this server for; primaries first
	Ages      []time.Duration // of the servers' processes; primaries first
	Links     map[Link]*Tally
}

// Differing is the number of keys that differed.
func (r *Result) Differing() int {
	n := 0
	for _, m := range r.Differ {
		n += m
	}
	return n
}

// verifier is one run.
type verifier struct {
	o         Options
	ctx       context.Context
	conns     []*conn       // primaries first, then backups
	pace      *rate.Limiter // of keys asked for; as many as a batch has, at once
	batch     batch
	suspects  []*suspect
	repairs   []repair
	planned   int // bytes of them
	result    Result
	filled    map[Link]bool // with Repair: whose primary gets what only the backup has
	removing  int           // deletions planned
	mayRemove int           // so many, and no more
	counting  bool
	items     int // walked so far
	total     int // expected
}

// Run compares all keys, and repairs what differs if it is to: then it counts first, and a *Refusal is the error where that does not
// look right. Whatever ends it early, the result tells what was found until then.
func Run(ctx context.Context, o Options) (Result, error) {
	v := &verifier{o: o, ctx: ctx}
	if !o.Repair {
		return v.run()
	}
	count := verifier{o: o, ctx: ctx, counting: true}
	count.o.Repair, count.o.Found = false, nil
	counted, err := count.run()
	if err != nil {
		return counted, err
	}
	filled, no := assess(&counted, o.Fill)
	if no != nil && !o.Force {
		return counted, no
	}
	v.filled, v.mayRemove = filled, counted.Compared*mostDeleted/100
	if o.Force {
		v.mayRemove = math.MaxInt
	}
	if count.filled = filled; o.Counted != nil {
		o.Counted(count.losses())
	}
	return v.run()
}

// run compares all keys once.
func (v *verifier) run() (Result, error) {
	o, ctx := v.o, v.ctx
	v.batch.most = min(max(1, o.Rate/20), batchKeys)
	v.pace = rate.NewLimiter(rate.Limit(max(1, o.Rate)), v.batch.most)
	v.result.Misplaced = make([]int, len(o.Primaries)+len(o.Backups))
	v.result.Links = map[Link]*Tally{}
	defer v.close()
	if err := v.connect(); err != nil {
		return v.result, v.reason(err)
	}
	defer context.AfterFunc(ctx, v.close)()
	for i := range v.conns { // the backups first
		if err := v.walk((len(o.Primaries) + i) % len(v.conns)); err != nil {
			return v.result, v.reason(err)
		}
	}
	v.progress()
	return v.result, nil
}

// reason prefers why the run was stopped to what that did to the connections.
func (v *verifier) reason(err error) error {
	if v.ctx.Err() != nil {
		return context.Cause(v.ctx)
	}
	return err
}

// connect connects to all servers, and names all that cannot be reached.
func (v *verifier) connect() error {
	var errs []error
	for i := range v.result.Misplaced {
		c, err := connect(v.ctx, v.server(i), v.o.Timeout)
		if err == nil {
			v.conns = append(v.conns, c)
			var items int
			items, err = c.stat("curr_items")
			v.total += items
		}
		if err == nil {
			var age int
			age, err = c.stat("uptime")
			v.result.Ages = append(v.result.Ages, time.Duration(age)*time.Second)
		}
		if err == nil {
			err = c.findMeta()
		}
		if err == nil && (v.o.Repair || v.counting) && c.meta == backend.OldMeta {
			err = c.failed(ErrOldMeta)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (v *verifier) close() {
	for _, c := range v.conns {
		c.Close()
	}
}

// server returns the server of a number: primaries first, then backups.
func (v *verifier) server(i int) Server {
	if i < len(v.o.Primaries) {
		return v.o.Primaries[i]
	}
	return v.o.Backups[i-len(v.o.Primaries)]
}

// walk compares what one server holds.
func (v *verifier) walk(i int) error {
	keys, err := metadump.Collect(v.ctx, v.server(i).Dial, metadump.SpoolMemory, func([]byte) bool { return true })
	if err == nil {
		defer keys.Close()
		err = keys.Each(func(key []byte) error { return v.visit(i, key) })
	}
	var known *ServerError
	var no *Refusal
	if err != nil && !errors.As(err, &known) && !errors.As(err, &no) {
		err = failed(v.server(i).Name, err)
	}
	if err == nil {
		err = v.ask(i)
	}
	if err == nil {
		err = v.settle()
	}
	return err
}

// visit takes the next key that server i holds.
func (v *verifier) visit(i int, key []byte) error {
	if v.items++; v.items%batchKeys == 0 {
		v.progress()
	}
	h := v.o.Hash(key)
	p, b := v.o.PrimaryRing.Pick(h), len(v.o.Primaries)+v.o.BackupRing.Pick(h)
	switch {
	case i != p && i != b:
		v.result.Misplaced[i]++
		return nil
	case !v.conns[p].understands(key) || !v.conns[b].understands(key):
		v.result.Unsure++
		return nil
	}
	v.batch.add(pair{p, b, key})
	if !v.batch.full() {
		return nil
	}
	return v.ask(i)
}

func (v *verifier) progress() {
	if v.o.Progress != nil {
		v.o.Progress(v.counting, v.items, v.total)
	}
}
