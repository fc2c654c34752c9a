package proxy

import (
	"testing"

	"magent/internal/session"
	"magent/internal/stats"
)

// Without a fleet there is no stats fleet; with one it is there, and in the figures of the process.
func TestStatsFleet(t *testing.T) {
	t.Parallel()
	r := start(t, 1, 0, nil)
	c := r.client()
	c.say("stats fleet\r\n")
	c.hear("ERROR\r\n")
	r.on(0, func(*session.Shard) {
		r.svc.fleet = func() *stats.Fleet { return &stats.Fleet{Name: "a", Epoch: 3, Witness: true, In: true} }
	})
	if got := c.stats("fleet"); got["member"] != "a" || got["view:epoch"] != "3" || got["ready"] != "1" {
		t.Error(got)
	}
	p, _, err := r.svc.Figures(t.Context())
	if err != nil || p.Fleet == nil || p.Fleet.Epoch != 3 {
		t.Errorf("%+v, %v", p.Fleet, err)
	}
}
