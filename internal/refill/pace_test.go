package refill

import (
	"testing"
	"time"
)

// TestPace checks that a walk hands over no more keys than its share of the rate, whatever the number of loops. Time
// that it did not use may be caught up on only for a moment.
func TestPace(t *testing.T) {
	begin := time.Unix(1_000_000, 0)
	for _, c := range []struct {
		keys, loops int
		least       time.Duration // for 10 batches after the first ones
	}{
		{keys: 256, loops: 1, least: 10 * time.Second},
		{keys: 256, loops: 2, least: 20 * time.Second},
		{keys: 1, loops: 4, least: 2560 * time.Second},
		{keys: 20_000, loops: 1, least: 10 * 256 * time.Second / 20_000},
		{keys: 0, loops: 4},
	} {
		pace := newPace(c.keys, c.loops)
		now := begin.Add(time.Hour) // nothing was handed over for a long time
		if !pace.AllowN(now, Batch) {
			t.Errorf("%+v: the first batch has to wait", c)
		}
		if c.keys == 0 {
			continue
		}
		allowed := 0
		for pace.AllowN(now, Batch) {
			allowed++
		}
		if most := int(paceSlack.Seconds() * float64(c.keys) / Batch); allowed > most {
			t.Errorf("%+v: %d more batches at once, want %d at most", c, allowed, most)
		}
		r := pace.ReserveN(now, Batch)
		for range 9 {
			r = pace.ReserveN(now, Batch)
		}
		spare := time.Duration(float64(Batch) * float64(time.Second) / float64(pace.Limit()))
		if d := r.DelayFrom(now); !r.OK() || d > c.least || d < c.least-spare {
			t.Errorf("%+v: ten batches within %v, want %v", c, d, c.least)
		}
	}
}
