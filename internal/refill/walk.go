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

// Batch is the largest number of keys that are handed over at a time.
const Batch = 256

const (
	walkAgain     = time.Second           // the pause after a walk that failed
	paceSlack     = 50 * time.Millisecond // how much time a slow walk may catch up on, at once
	progressEvery = 10 * time.Second      // the time between two log lines about the progress
)

// Options configures a Walk. The walk's goroutine calls its functions.
type Options struct {
	Pool   string   // the name of the pool, for the log
	Server string   // the name of the server, for the log
	Loop   int      // the index of the loop, for the log
	From   []Source // the servers with the other copies
	Rate   int      // keys per second for all loops together; 0: no limit
	Loops  int      // the number of loops

	Own     Source                // the server itself
	Suspect func(key []byte) bool // reports whether a key may be out of date on the server; nil: none is

	Owns    func(key []byte) bool          // reports whether a key belongs to the server and to this loop
	Fill    func(keys []string, last bool) // takes keys that the server may lack
	Cleanse func(keys []string, last bool) // takes keys that may be out of date; all its calls come before Fill's
}

// Walk lists the keys of the other copies, for a server that came back empty. It hands over the keys that belong to
// that server and to its loop. Each call of More asks for a batch, and the rate limits them.
type Walk struct {
	o      Options
	walks  *Walks
	log    zerolog.Logger
	pace   *rate.Limiter // of keys
	cancel context.CancelFunc
	more   chan struct{} // holds one element when the next batch is asked for

	scanned, total atomic.Int64 // the number of keys that were handed over, and that were found

	ranges   *metadump.Ranges   // how the present source is listed in parts; nil: it is listed at once
	slow     bool               // there is no room for a file, so sources are listed in parts; it was logged
	seen     *bloom.BloomFilter // the keys that were listed before
	found    int64              // the number of keys that were listed
	batch    []string
	began    time.Time
	reported time.Time // the time of the last log line about the progress
}

// Walks are all walks of the process.
type Walks struct {
	log   zerolog.Logger
	spool int           // the memory for one list of keys, in bytes
	turn  chan struct{} // holds one element while the keys of a server are being listed
	ctx   context.Context
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// Stop ends the walk without waiting for it: a last batch may still be handed over.
func (w *Walk) Stop() { w.cancel() }

// More asks for the next batch. It never blocks.
func (w *Walk) More() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// Progress returns how many keys were handed over and how many were found so far, and an estimate of the time that is
// left. It may be called from any goroutine.
func (w *Walk) Progress() (seen, all int64, left time.Duration) {
	return w.scanned.Load(), w.total.Load(), w.left()
}

// newPace returns the limiter of one loop. keys is the number of keys per second for all loops; 0: no limit.
func newPace(keys, loops int) *rate.Limiter {
	if keys == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	share := rate.Limit(max(1, keys/loops))
	return rate.NewLimiter(share, max(Batch, int(float64(share)*paceSlack.Seconds())))
}

// A list may lack keys that clients read while it is made, because reading moves an item (metadump.Walk). So all
// sources are listed again, without the keys that were seen before. This ends when two passes in a row find almost
// nothing new.
//
// An item that is read for the second time waits for the thread that moves it, and is not listed meanwhile. That
// thread sleeps for up to a second (memcached's MAX_LRU_MAINTAINER_SLEEP). So the last pass begins later than that
// behind the first one.
const (
	maxPasses = 10
	passPause = 50 * time.Millisecond   // between two passes
	moveTime  = 1500 * time.Millisecond // from the end of the first pass to the last one
)

// seenWrong is the rate of false positives of Walk.seen: keys that wrongly count as seen before.
const seenWrong = 0.001

// passes calls pass until two passes in a row find almost nothing new. items is about how many keys there are. again
// is false in the first pass.
func (w *Walk) passes(ctx context.Context, items int64, pass func(again bool) error) error {
	var first time.Time // when the first pass ended
	for n, quiet := 0, 0; n < maxPasses && quiet < 2; n++ {
		if n > 0 {
			wait := passPause
			if mayBeLast := quiet == 1 || n == maxPasses-1; mayBeLast && items > 0 {
				wait = max(wait, time.Until(first.Add(moveTime)))
			}
			if err := pause.For(ctx, wait); err != nil {
				return err
			}
		}
		before := w.found
		if err := pass(n > 0); err != nil {
			return err
		}
		if n == 0 {
			first = time.Now()
		}
		if quiet++; w.found-before > items/1000 {
			quiet = 0
		}
	}
	return nil
}

// list lists the keys of a server, or the next part of them, for which keep returns true. The caller must close the
// result. Only one list is made at a time in this process, because memcached makes only one at a time.
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

// each calls f with the list of all keys of a server for which keep returns true. If there is no room for a file, it
// calls f several times, with parts that fit into memory. f must not use a list after it has returned.
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

// noFile notes that there is no room for a file, and logs once per walk that it takes longer.
func (w *Walk) noFile(err error) {
	if !w.slow {
		w.slow = true
		w.log.Warn().Str("pool", w.o.Pool).Str("server", w.o.Server).AnErr("reason", err).
			Msg("the server is filled in parts, for each of which the keys are listed again: this takes longer")
	}
}

// fill hands over the keys of one source. again means that keys which were seen before are left out.
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

// unseen returns a function that selects the keys which want selects. again means that keys which were seen before are
// left out. In the first pass none is left out, so that a false positive of w.seen does no harm.
func (w *Walk) unseen(want func(key []byte) bool, again bool) func(key []byte) bool {
	return func(key []byte) bool {
		return want(key) && !(again && w.seen.Test(key))
	}
}

// take adds one key to the batch, and hands over a full batch.
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

// wait returns when a batch is asked for and the rate allows it, or with an error when ctx is done.
func (w *Walk) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.more:
	}
	return w.pace.WaitN(ctx, len(w.batch))
}

// post passes the batch to Options.Fill.
func (w *Walk) post(last bool) {
	keys := w.batch
	w.batch = make([]string, 0, Batch)
	w.o.Fill(keys, last)
}

// left estimates the time that is left, from the speed so far.
func (w *Walk) left() time.Duration {
	scanned, total := w.scanned.Load(), w.total.Load()
	return time.Duration(float64(time.Since(w.began)) * float64(max(0, total-scanned)) / float64(max(1, scanned)))
}

// report logs the progress, at most once per progressEvery.
func (w *Walk) report() {
	if time.Since(w.reported) < progressEvery {
		return
	}
	w.reported = time.Now()
	w.log.Info().Str("pool", w.o.Pool).Str("server", w.o.Server).Int("loop", w.o.Loop).
		Int64("keys_done", w.scanned.Load()).Int64("keys_in_all", w.total.Load()).
		Str("eta", w.left().Round(time.Second).String()).
		Msg("server is being filled")
}
