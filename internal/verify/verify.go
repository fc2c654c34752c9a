package verify

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/time/rate"

	"magent/backend"
	"magent/backend/ring"
	"magent/internal/metadump"
)

// Options configures Run.
type Options struct {
	Primaries, Backups      []Server
	Hash                    ring.HashFunc
	PrimaryRing, BackupRing *ring.Ring
	Timeout                 time.Duration // for a reply
	Rate                    int           // the largest number of keys that are read per second

	Repair bool // repair copies that differ; the primary's copy counts
	Fill   bool // with Repair: keys that only the backup has are copied to the primary, not deleted
	Force  bool // with Repair: do it even if it looks wrong (Refusal)

	// Found is called for each key that differs. In a repair it is not called while Run counts.
	Found func(Finding)
	// Counted is called before a repair begins, with the primaries that are filled although Fill is not set.
	Counted func(filled []Loss)
	// Progress is called from time to time, with the number of items that were listed and the number to be expected.
	// counting means that a repair has not begun yet.
	Progress func(counting bool, items, total int)
}

// Finding is a key whose copies differ, or have differed until they were repaired.
type Finding struct {
	Kind            Kind
	Key             []byte // valid during the call
	Primary, Backup string // the names of its servers
	Repaired        bool
	Trouble         string // why it could not be repaired; empty: that was not tried
}

// Result is what Run has found.
type Result struct {
	Compared  int             // the number of keys
	Differ    [kinds]int      // by kind: the number of keys that differed, including repaired ones
	Repaired  int             // the number of keys that were repaired
	Unsure    int             // keys not compared: stale, written all the time, or unfit for meta commands
	Misplaced []int           // by server, primaries first: keys that no client reads there
	Ages      []time.Duration // by server, primaries first: how long its process has run
	Links     map[Link]*Tally
}

// Differing returns the number of keys that differed.
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
	pace      *rate.Limiter // limits the keys that are read, by batches
	batch     batch
	suspects  []*suspect
	repairs   []repair
	planned   int // the size of the planned repairs in bytes
	result    Result
	filled    map[Link]bool // with Repair: the links whose primary gets the keys that only the backup has
	removing  int           // the number of planned deletions
	mayRemove int           // the largest number of them
	counting  bool          // this run only counts, before a repair
	items     int           // the number of items that were listed
	total     int           // the expected number of items
}

// Run compares all keys. With Options.Repair it first only counts. If the result looks wrong, the error is a *Refusal;
// otherwise it compares again and repairs. If Run ends early, the result is what was found until then.
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
	for i := range v.conns { // the backups first (ask)
		if err := v.walk((len(o.Primaries) + i) % len(v.conns)); err != nil {
			return v.result, v.reason(err)
		}
	}
	v.progress()
	return v.result, nil
}

// reason returns why the run was stopped, if it was, and else err: stopping the run closes the connections.
func (v *verifier) reason(err error) error {
	if v.ctx.Err() != nil {
		return context.Cause(v.ctx)
	}
	return err
}

// connect connects to all servers. The error names all servers that failed.
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

// server returns the server with index i, which counts the primaries, then the backups.
func (v *verifier) server(i int) Server {
	if i < len(v.o.Primaries) {
		return v.o.Primaries[i]
	}
	return v.o.Backups[i-len(v.o.Primaries)]
}

// walk lists the keys of server i, and compares them.
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

// visit handles the next key that server i holds.
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
