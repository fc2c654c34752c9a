package shard

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bits-and-blooms/bloom/v3"
	"golang.org/x/time/rate"

	"magent/backend"
	"magent/failover"
	"magent/internal/loop"
	"magent/internal/metadump"
	"magent/internal/pause"
	"magent/internal/probe"
	"magent/replicate"
)

const (
	refillBatch   = 256                   // keys that a walk hands to the loop at a time
	walkAgain     = time.Second           // between two attempts of a walk that failed
	paceSlack     = 50 * time.Millisecond // how far a walk may fall behind its rate and make up for it
	progressEvery = 10 * time.Second      // between two lines about it in the log
)

// walk lists, off the loop, the keys of the other copies for a server that came back empty, and hands those that belong
// there, and to this loop, to the engine: a batch whenever that asks for one, and not more than --refill-rate a second.
type walk struct {
	p      *pool
	server int
	from   []source
	own    source                // the server itself
	moved  func(key []byte) bool // tells keys that may be out of date on the server; nil: none are
	pace   *rate.Limiter         // of keys
	cancel context.CancelFunc
	more   chan struct{} // holds one element when the engine asks for a batch

	scanned, total atomic.Int64 // keys: handed over, and found so far

	ranges   *metadump.Ranges   // of the source being listed, where there is no room for a file; else nil
	slow     bool               // that was said
	seen     *bloom.BloomFilter // keys that were listed already
	found    int64              // how many
	batch    []string
	began    time.Time
	reported time.Time
}

// source is a server whose keys are listed.
type source struct {
	find probe.Finder
	only failover.Identity // if set, whoever else answers there is not listed
}

// Warming starts the walk for server i.
func (p *pool) Warming(i int) {
	svc := p.sh.svc
	p.health.Warm(i, p.sh.l.Now())
	svc.board.warming(p.records[i], p.engine.Distrusted(i))
	cfg := p.cfg
	w := &walk{p: p, server: i, pace: newPace(cfg.RefillRate, len(svc.shards)), more: make(chan struct{}, 1), began: time.Now()}
	w.more <- struct{}{}
	w.reported = w.began
	if p.engine.Distrusted(i) {
		w.own, w.moved = p.itself(i), p.moved[i]
	}
	from := cfg.Backups
	if i >= len(cfg.Servers) {
		from = cfg.Servers
	}
	for _, a := range from {
		w.from = append(w.from, source{find: svc.servers.Finder(a)})
	}
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(svc.ctx)
	p.walks[i] = w
	svc.helpers.Add(1)
	go svc.walk(ctx, w)
}

// newPace shares out a number of keys per second, 0 for as fast as it goes, among the loops.
func newPace(keys, loops int) *rate.Limiter {
	if keys == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	share := rate.Limit(max(1, keys/loops))
	return rate.NewLimiter(share, max(refillBatch, int(float64(share)*paceSlack.Seconds())))
}

// More asks the walk for the next batch.
func (p *pool) More(i int) {
	select {
	case p.walks[i].more <- struct{}{}:
	default:
	}
}

// Abandoned ends the walk.
func (p *pool) Abandoned(i int) {
	if w := p.walks[i]; w != nil {
		w.cancel()
		p.walks[i] = nil
	}
}

// Flushed tells the other loops that a server has lost their keys, too.
func (p *pool) Flushed(i int) {
	p.sh.svc.board.flushed(p.records[i])
	for _, other := range p.peers {
		if other != p {
			other.sh.l.Post(loop.TaskFunc(func() {
				other.engine.Emptied(i)
				other.refill()
			}))
		}
	}
}

// Unflushable tells the operator why a server is not used again.
func (p *pool) Unflushable(i int, reply string) {
	p.sh.svc.log.Error().Str("server", p.records[i].name).Str("reply", strings.TrimSpace(reply)).
		Msg("the server has to be flushed before it is read, for what it holds is out of date, or may be, and refuses flush_all: restart it")
}

// MadeGood makes a server readable again.
func (p *pool) MadeGood(i int) {
	p.Abandoned(i) // it has ended
	p.moved[i] = nil
	if p.health.Readmit(i, p.sh.l.Now()) {
		p.sh.svc.board.readmitted(p.records[i])
	}
	p.later()
}

// refill takes a server out of use that lacks what the other copies have, if it can get that now: on its return it is
// filled. Its keys are answered by their other copies meanwhile. It must not be called inside the engine.
func (p *pool) refill() {
	for i, c := range p.conns {
		if p.mayMakeGood(i) && p.health.Server(i).State == failover.Up && p.engine.Incomplete(i) && p.engine.CanFill(i) && c.Ready() {
			c.Close(backend.ErrRefill)
			c.Connect()
			return // one after the other: MadeGood comes here again
		}
	}
}

// walk is the goroutine of a walk.
func (svc *Service) walk(ctx context.Context, w *walk) {
	defer svc.helpers.Done()
	for pauses := pause.NewBackoff(walkAgain, walkAgain); ; {
		err := w.run(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			w.post(true)
			return
		case errors.Is(err, metadump.ErrUnsupported):
			svc.log.Warn().AnErr("reason", err).Msg("a server cannot be filled from its other copies: its keys are misses until they are written again")
			w.post(true)
			return
		}
		svc.log.Warn().AnErr("reason", err).Msg("listing the keys of a server failed: trying again")
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
func (w *walk) run(ctx context.Context) error {
	w.batch = w.batch[:0]
	w.scanned.Store(0)
	w.total.Store(0)
	items := int64(0)
	for _, s := range w.from {
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
		for _, s := range w.from {
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
func (w *walk) passes(ctx context.Context, items int64, pass func(again bool) error) error {
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
func (w *walk) list(ctx context.Context, s source, keep func(key []byte) bool) (*metadump.Spool, error) {
	turn := w.p.sh.svc.listing
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case turn <- struct{}{}:
	}
	defer func() { <-turn }()
	if w.ranges != nil {
		return w.ranges.Next(ctx, s.dial, keep)
	}
	return metadump.Collect(ctx, s.dial, w.p.sh.svc.spool, keep)
}

// each calls f with the lists of all keys of a server: one, or, where there is no room for a file, several that fit into memory.
func (w *walk) each(ctx context.Context, s source, keep func(key []byte) bool, f func(*metadump.Spool) error) error {
	for w.ranges = nil; ; {
		if w.slow && w.ranges == nil {
			w.ranges = metadump.NewRanges(w.p.sh.svc.spool)
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
func (w *walk) noFile(err error) {
	if !w.slow {
		w.slow = true
		w.p.sh.svc.log.Warn().Str("server", w.p.records[w.server].name).AnErr("reason", err).
			Msg("the server is filled in parts, for each of which the keys are listed again: this takes longer")
	}
}

// fill hands over the keys of one source. again: but those that were seen before.
func (w *walk) fill(ctx context.Context, s source, again bool) error {
	return w.each(ctx, s, w.unseen(w.mine, again), func(keys *metadump.Spool) error {
		w.found += int64(keys.Len)
		w.total.Add(int64(keys.Len))
		return keys.Each(func(key []byte) error {
			w.seen.Add(key)
			return w.take(ctx, key)
		})
	})
}

// unseen tells the keys that want says yes to, again: but those that were seen before, which is noted when they are handed over.
func (w *walk) unseen(want func(key []byte) bool, again bool) func(key []byte) bool {
	return func(key []byte) bool { // the first time nothing may be left out because of a mistake
		return want(key) && !(again && w.seen.Test(key))
	}
}

// mine reports whether a key belongs to the server, and to this loop.
func (w *walk) mine(key []byte) bool {
	p, b := w.p.engine.Pair(key)
	return (p == w.server || b == w.server) && w.p.sh.svc.ownerOf(key) == w.p.sh
}

// take notes one key, and hands a full batch over.
func (w *walk) take(ctx context.Context, key []byte) error {
	w.scanned.Add(1)
	w.batch = append(w.batch, string(key))
	if len(w.batch) < refillBatch {
		return nil
	}
	if err := w.wait(ctx); err != nil {
		return err
	}
	w.post(false)
	w.report()
	return nil
}

// wait returns when the engine asks for a batch and the rate allows it.
func (w *walk) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.more:
	}
	return w.pace.WaitN(ctx, len(w.batch))
}

// post hands the batch to the engine.
func (w *walk) post(last bool) {
	keys := w.batch
	w.batch = make([]string, 0, refillBatch)
	w.postTo(func(e *replicate.Engine) { e.Fill(w.server, keys, last) })
}

// postTo has f called on the loop, unless the walk was abandoned meanwhile.
func (w *walk) postTo(f func(*replicate.Engine)) {
	w.p.sh.l.Post(loop.TaskFunc(func() {
		if w.p.walks[w.server] == w {
			f(w.p.engine)
		}
	}))
}

// left is about the time that is left, judged by what was seen so far.
func (w *walk) left() time.Duration {
	scanned, total := w.scanned.Load(), w.total.Load()
	return time.Duration(float64(time.Since(w.began)) * float64(max(0, total-scanned)) / float64(max(1, scanned)))
}

// report writes to the log how far it is, from time to time.
func (w *walk) report() {
	if time.Since(w.reported) < progressEvery {
		return
	}
	w.reported = time.Now()
	w.p.sh.svc.log.Info().Str("server", w.p.records[w.server].name).Int("loop", w.p.sh.id).
		Int64("keys_done", w.scanned.Load()).Int64("keys_in_all", w.total.Load()).Str("eta", w.left().Round(time.Second).String()).
		Msg("server is being filled")
}

// dial connects to a server for a walk, at the first of its addresses that works.
func (s source) dial(ctx context.Context) (net.Conn, error) {
	addrs, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	err = loop.ErrNoAddress
	for _, e := range addrs {
		network := "tcp"
		if e.Path != "" {
			network = "unix"
		}
		var c net.Conn
		if c, err = (&net.Dialer{Timeout: metadump.Silence}).DialContext(ctx, network, e.String()); err != nil {
			continue
		}
		if err = s.check(ctx, c); err == nil {
			return c, nil
		}
		c.Close()
	}
	return nil, err
}
