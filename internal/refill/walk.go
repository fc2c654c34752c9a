package refill

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"magent/internal/metadump"
	"magent/internal/pause"
)

// Batch is how many keys are handed over at a time, at most.
const Batch = 256

const (
	walkAgain     = time.Second           // between two attempts of a walk that failed
	paceSlack     = 50 * time.Millisecond // how far a walk may fall behind its rate and make up for it
	progressEvery = 10 * time.Second      // between two lines about it in the log
)

// Options of a Walk. Its functions are called by the walk's goroutine.
type Options struct {
	Server string // its name, for the log
	Loop   int    // for the log
	From   []Source
	Rate   int // keys a second, shared by so many loops; 0: as fast as it goes
	Loops  int

	Own     Source                // the server itself
	Suspect func(key []byte) bool // tells keys that may be out of date on the server; nil: none are

	Owns    func(key []byte) bool          // tells keys that belong to the server, and to this loop
	Fill    func(keys []string, last bool) // takes keys that the server may lack
	Cleanse func(keys []string, last bool) // takes keys of the server itself that may be out of date, before all that it may lack
}

// Walk lists, off the loop, the keys of the other copies for a server that came back empty, and hands those that belong there, and
// to this loop, over: a batch whenever More asks for one, and not more than the rate allows.
type Walk struct {
	o      Options
	walks  *Walks
	log    zerolog.Logger
	pace   *rate.Limiter // of keys
	cancel context.CancelFunc
	more   chan struct{} // holds one element when the next batch is asked for

	scanned, total atomic.Int64 // keys: handed over, and found so far

	ranges   *metadump.Ranges   // of the source being listed, where there is no room for a file; else nil
	slow     bool               // that was said
	seen     *bloom.BloomFilter // keys that were listed already
	found    int64              // how many
	batch    []string
	began    time.Time
	reported time.Time
}

// Walks are all walks of the process.
type Walks struct {
	log   zerolog.Logger
	spool int           // bytes of a list of keys in memory
	turn  chan struct{} // holds one element while the keys of a server are listed
	ctx   context.Context
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// NewWalks begins with none. spool is how many bytes of a list of keys are kept in memory; 0: metadump.SpoolMemory.
func NewWalks(log zerolog.Logger, spool int) *Walks {
	ws := &Walks{log: log, spool: spool, turn: make(chan struct{}, 1)}
	if spool == 0 {
		ws.spool = metadump.SpoolMemory
	}
	ws.ctx, ws.stop = context.WithCancel(context.Background())
	return ws
}

// Close stops all walks and waits for them. None may be started any more.
func (ws *Walks) Close() {
	ws.stop()
	ws.done.Wait()
}

// Start starts a walk, which is asked for its first batch.
func (ws *Walks) Start(o Options) *Walk {
	w := &Walk{o: o, walks: ws, log: ws.log, pace: newPace(o.Rate, o.Loops), more: make(chan struct{}, 1), began: time.Now()}
	w.more <- struct{}{}
	w.reported = w.began
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(ws.ctx)
	ws.done.Add(1)
	go w.walk(ctx)
	return w
}

// Stop ends the walk. It does not wait: what it has handed over just now may still be on its way.
func (w *Walk) Stop() { w.cancel() }

// More asks for the next batch. It never blocks.
func (w *Walk) More() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// Progress is how many keys were handed over, and found so far, and about the time that is left. It may be called from any
// goroutine.
func (w *Walk) Progress() (seen, all int64, left time.Duration) {
	return w.scanned.Load(), w.total.Load(), w.left()
}

// newPace shares out a number of keys per second, 0 for as fast as it goes, among the loops.
func newPace(keys, loops int) *rate.Limiter {
	if keys == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	share := rate.Limit(max(1, keys/loops))
	return rate.NewLimiter(share, max(Batch, int(float64(share)*paceSlack.Seconds())))
}

// walk is the goroutine of a walk.
func (w *Walk) walk(ctx context.Context) {
	defer w.walks.done.Done()
	for pauses := pause.NewBackoff(walkAgain, walkAgain); ; {
		err := w.run(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			w.post(true)
			return
		case errors.Is(err, metadump.ErrUnsupported):
			w.log.Warn().AnErr("reason", err).Msg("a server cannot be filled from its other copies: its keys are misses until they are written again")
			w.post(true)
			return
		}
		w.log.Warn().AnErr("reason", err).Msg("listing the keys of a server failed: trying again")
		if pauses.Wait(ctx) != nil {
			return
		}
	}
}

// A list of keys may lack items that clients read just then, because that moves them (metadump.Walk). So the sources are
// walked again, for what was not seen before, until there is next to nothing new, twice in a row.
const (
	maxPasses = 10
	passPause = 50 * time.Millisecond // between two; what is moving comes to rest
)

// seenWrong is the share of keys that may wrongly count as seen before.
const seenWrong = 0.001

// run has what may be out of date on the server made good, and then walks over all sources until all keys were seen.
func (w *Walk) run(ctx context.Context) error {
	w.batch = w.batch[:0]
	w.scanned.Store(0)
	w.total.Store(0)
	items := int64(0)
	for _, s := range w.o.From {
		n, err := metadump.Count(ctx, s.dial)
		if err != nil {
			return err
		}
		items += n
	}
	if err := w.cleanse(ctx); err != nil {
		return err
	}
	w.seen = bloom.NewWithEstimates(uint(max(1000, items)), seenWrong)
	err := w.passes(ctx, items, func(again bool) error {
		for _, s := range w.o.From {
			if err := w.fill(ctx, s, again); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.wait(ctx)
}

// passes calls pass until it finds next to nothing new among so many items, twice in a row.
func (w *Walk) passes(ctx context.Context, items int64, pass func(again bool) error) error {
	for n, quiet := 0, 0; n < maxPasses && quiet < 2; n++ {
		before := w.found
		if err := pass(n > 0); err != nil {
			return err
		}
		if quiet++; w.found-before > items/1000 {
			quiet = 0
		}
		if err := pause.For(ctx, passPause); err != nil {
			return err
		}
	}
	return nil
}

// list collects the keys of a server, with no other list on its way for this process: memcached makes one at a time.
func (w *Walk) list(ctx context.Context, s Source, keep func(key []byte) bool) (*metadump.Spool, error) {
	turn := w.walks.turn
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case turn <- struct{}{}:
	}
	defer func() { <-turn }()
	if w.ranges != nil {
		return w.ranges.Next(ctx, s.dial, keep)
	}
	return metadump.Collect(ctx, s.dial, w.walks.spool, keep)
}

// each calls f with the lists of all keys of a server: one, or, where there is no room for a file, several that fit into memory.
func (w *Walk) each(ctx context.Context, s Source, keep func(key []byte) bool, f func(*metadump.Spool) error) error {
	for w.ranges = nil; ; {
		if w.slow && w.ranges == nil {
			w.ranges = metadump.NewRanges(w.walks.spool)
		}
		keys, err := w.list(ctx, s, keep)
		if errors.Is(err, metadump.ErrNoFile) {
			w.noFile(err)
			continue
		}
		if err != nil {
			return err
		}
		err = f(keys)
		keys.Close()
		if err != nil || w.ranges == nil || w.ranges.Done() {
			return err
		}
	}
}

// noFile says once for each walk that it takes longer.
func (w *Walk) noFile(err error) {
	if !w.slow {
		w.slow = true
		w.log.Warn().Str("server", w.o.Server).AnErr("reason", err).
			Msg("the server is filled in parts, for each of which the keys are listed again: this takes longer")
	}
}

// fill hands over the keys of one source. again: but those that were seen before.
func (w *Walk) fill(ctx context.Context, s Source, again bool) error {
	return w.each(ctx, s, w.unseen(w.o.Owns, again), func(keys *metadump.Spool) error {
		w.found += int64(keys.Len)
		w.total.Add(int64(keys.Len))
		return keys.Each(func(key []byte) error {
			w.seen.Add(key)
			return w.take(ctx, key)
		})
	})
}

// unseen tells the keys that want says yes to, again: but those that were seen before, which is noted when they are handed over.
func (w *Walk) unseen(want func(key []byte) bool, again bool) func(key []byte) bool {
	return func(key []byte) bool { // the first time nothing may be left out because of a mistake
		return want(key) && !(again && w.seen.Test(key))
	}
}

// take notes one key, and hands a full batch over.
func (w *Walk) take(ctx context.Context, key []byte) error {
	w.scanned.Add(1)
	w.batch = append(w.batch, string(key))
	if len(w.batch) < Batch {
		return nil
	}
	if err := w.wait(ctx); err != nil {
		return err
	}
	w.post(false)
	w.report()
	return nil
}

// wait returns when a batch is asked for and the rate allows it.
func (w *Walk) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.more:
	}
	return w.pace.WaitN(ctx, len(w.batch))
}

// post hands the batch over.
func (w *Walk) post(last bool) {
	keys := w.batch
	w.batch = make([]string, 0, Batch)
	w.o.Fill(keys, last)
}

// left is about the time that is left, judged by what was seen so far.
func (w *Walk) left() time.Duration {
	scanned, total := w.scanned.Load(), w.total.Load()
	return time.Duration(float64(time.Since(w.began)) * float64(max(0, total-scanned)) / float64(max(1, scanned)))
}

// report writes to the log how far it is, from time to time.
func (w *Walk) report() {
	if time.Since(w.reported) < progressEvery {
		return
	}
	w.reported = time.Now()
	w.log.Info().Str("server", w.o.Server).Int("loop", w.o.Loop).
		Int64("keys_done", w.scanned.Load()).Int64("keys_in_all", w.total.Load()).Str("eta", w.left().Round(time.Second).String()).
		Msg("server is being filled")
}
