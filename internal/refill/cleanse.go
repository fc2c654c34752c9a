package refill

import (
	"context"

	"github.com/bits-and-blooms/bloom/v3"

	"magent/internal/metadump"
)

// A server whose values may be out of date (repair.Engine.Distrust) is cleansed before it is filled. Each of its keys
// is copied from the other copy, or deleted if that does not have it.

// seenWrongHere is seenWrong for cleansing. It is smaller, because a key that is wrongly left out would be read
// although it is out of date.
const seenWrongHere = 1e-6

// cleanse hands over the keys of the server that may be out of date.
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

// cleansePass lists the server's keys once. again means that keys which were listed before are left out.
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

// hand passes the batch of keys to Options.Cleanse, as soon as it is asked for.
func (w *Walk) hand(ctx context.Context, last bool) error {
	if err := w.wait(ctx); err != nil {
		return err
	}
	keys := w.batch
	w.batch = nil
	w.o.Cleanse(keys, last)
	return nil
}
