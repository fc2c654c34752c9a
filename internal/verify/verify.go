package verify

import (
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/time/rate"

	"magent/backend/hello"
	"magent/internal/metadump"
)

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
	if no := assess(&counted, o.Fill, o.Settled == nil); no != nil && !o.Force {
		return counted, no
	}
	if err := v.unsettled(); err != nil {
		return counted, err
	}
	v.mayChange = counted.Compared * mostChanged / 100
	if o.Force {
		v.mayChange = math.MaxInt
	}
	if o.Counted != nil {
		o.Counted(count.losses())
	}
	return v.run()
}

// run compares all keys once.
func (v *verifier) run() (Result, error) {
	o, ctx := v.o, v.ctx
	v.batch.most = min(max(1, o.Rate/20), batchKeys)
	v.pace = rate.NewLimiter(rate.Limit(max(1, o.Rate)), v.batch.most)
	v.result.Misplaced, v.result.Drained = make([]int, len(o.Primaries)+len(o.Backups)), map[int]int{}
	v.result.Links = map[Link]*Tally{}
	defer v.close()
	if err := v.connect(); err != nil {
		return v.result, v.reason(err)
	}
	defer context.AfterFunc(ctx, v.close)()
	for i := range v.conns { // the backups first (ask)
		at := (len(o.Primaries) + i) % len(v.conns)
		if v.conns[at] == nil {
			continue
		}
		if err := v.walk(at); err != nil {
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

// connect connects to all servers that are not drained. The error names all servers that failed.
func (v *verifier) connect() error {
	var errs []error
	for i := range v.result.Misplaced {
		if v.server(i).Drained {
			v.conns, v.result.Starts = append(v.conns, nil), append(v.result.Starts, Start{})
			v.result.Drained[i] = 0
			continue
		}
		c, err := connect(v.ctx, v.server(i), v.o.Timeout)
		if err == nil {
			v.conns = append(v.conns, c)
			var items int
			items, err = c.stat("curr_items")
			v.total += items
		}
		if err == nil {
			var uptime int
			asked := time.Now()
			uptime, err = c.stat("uptime")
			v.result.Starts = append(v.result.Starts, startOf(uptime, asked, time.Now()))
		}
		if err == nil {
			err = c.findMeta()
		}
		if err == nil && (v.o.Repair || v.counting) && c.meta == hello.OldMeta {
			err = c.failed(ErrOldMeta)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (v *verifier) close() {
	for _, c := range v.conns {
		if c != nil {
			c.Close()
		}
	}
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
	case v.conns[p] == nil:
		v.result.Drained[p]++
		return nil
	case v.conns[b] == nil:
		v.result.Drained[b]++
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
