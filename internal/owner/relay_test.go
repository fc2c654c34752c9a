package owner

import (
	"testing"

	"magent/internal/config"
	"magent/internal/pool"
	"magent/internal/stats"
)

// TestFiguresOfAStart: stats fleet is answered as soon as clients can connect.
func TestFiguresOfAStart(t *testing.T) {
	members := []config.FleetMember{{Name: "a", Host: "::1", Port: 1}, {Name: "b", Host: "::1", Port: 2}}
	f := New(Options{Fleet: &config.Fleet{Members: members}, Process: &pool.Process{}})
	got := f.Figures()
	if got == nil || got.Name != "a" || len(got.Members) != 2 || len(stats.AppendFleet(nil, got)) == 0 {
		t.Errorf("%+v", got)
	}
}
