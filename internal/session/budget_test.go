package session

import (
	"testing"

	"magent/internal/redisclient"
)

func TestOrderOfCuttingOff(t *testing.T) {
	large, old, recent := &Session{kept: 2, since: 9}, &Session{kept: 1, since: 1}, &Session{kept: 1, since: 2}
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
