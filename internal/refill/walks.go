package refill

import (
	"context"
	"errors"
	"time"

	"magent/internal/metadump"
	"magent/internal/pause"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/rs/zerolog"
)

// NewWalks returns an empty set of walks. spool is how many bytes of a list of keys are kept in memory; 0 stands for
// metadump.SpoolMemory.
func NewWalks(log zerolog.Logger, spool int) *Walks {
	ws := &Walks{log: log, spool: spool, turn: make(chan struct{}, 1)}
	if spool == 0 {
		ws.spool = metadump.SpoolMemory
	}
	ws.ctx, ws.stop = context.WithCancel(context.Background())
	return ws
}

// Close stops all walks and waits for them. No walk may be started any more.
func (ws *Walks) Close() {
	ws.stop()
	ws.done.Wait()
}

// Start starts a walk, and asks for its first batch.
func (ws *Walks) Start(o Options) *Walk {
	w := &Walk{
		o: o, walks: ws, log: ws.log, pace: newPace(o.Rate, o.Loops), more: make(chan struct{}, 1),
		began: time.Now(),
	}
	w.more <- struct{}{}
	w.reported = w.began
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(ws.ctx)
	ws.done.Add(1)
	go w.walk(ctx)
	return w
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
			w.log.Warn().AnErr("reason", err).
				Msg("a server cannot be filled from its other copies: " +
					"its keys are misses until they are written again")
			w.post(true)
			return
		}
		w.log.Warn().AnErr("reason", err).Msg("listing the keys of a server failed: trying again")
		if pauses.Wait(ctx) != nil {
			return
		}
	}
}

// run cleanses the server, and then lists all sources until all keys were seen.
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
