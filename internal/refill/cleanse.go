package refill

import (
	"context"

	"github.com/bits-and-blooms/bloom/v3"

	"magent/internal/metadump"
)

// A server that may hold what is out of date (Engine.Distrust) is cleansed before it is filled: each of its keys is copied from
// its other copy, or deleted where that has not got it.

// seenWrongHere is seenWrong for the keys of a server that is cleansed: what is left out of its list is read.
const seenWrongHere = 1e-6

// cleanse hands over what the server holds that may be out of date.
func (w *Walk) cleanse(ctx context.Context) error {
	if w.o.Suspect == nil {
		return nil
	}
	items, err := metadump.Count(ctx, w.o.Own.dial)
	if err != nil {
		return err
	}
	w.seen = bloom.NewWithEstimates(uint(max(1000, items)), seenWrongHere)
	err = w.passes(ctx, items, func(again bool) error { return w.cleansePass(ctx, again) })
	if err != nil {
		return err
	}
	return w.hand(ctx, true)
}

func (w *Walk) cleansePass(ctx context.Context, again bool) error {
	suspect := func(key []byte) bool { return w.o.Owns(key) && w.o.Suspect(key) }
	return w.each(ctx, w.o.Own, w.unseen(suspect, again), func(keys *metadump.Spool) error {
		w.found += int64(keys.Len)
		return keys.Each(func(key []byte) error {
			w.seen.Add(key)
			if w.batch = append(w.batch, string(key)); len(w.batch) < Batch {
				return nil
			}
			return w.hand(ctx, false)
		})
	})
}

// hand hands over a batch of keys to cleanse.
func (w *Walk) hand(ctx context.Context, last bool) error {
	if err := w.wait(ctx); err != nil {
		return err
	}
	keys := w.batch
	w.batch = nil
	w.o.Cleanse(keys, last)
	return nil
}
