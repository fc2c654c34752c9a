package session

import (
	"testing"

	"magent/internal/redisclient"
)

func TestOrderOfCuttingOff(t *testing.T) {
	holding := func(kept int, since int64) *Session { return &Session{partial: &partial{kept: kept, since: since}} }
	large, old, recent := holding(2, 9), holding(1, 1), holding(1, 2)
	collected := &Session{redis: redisclient.Collecting(3)}
	order := []*Session{collected, large, old, recent, {}}
	for i, a := range order {
		for j, b := range order {
			if before(a, b) != (i < j) {
				t.Errorf("%d before %d: %v", i, j, before(a, b))
			}
		}
	}
}
