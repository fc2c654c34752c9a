package registry

import (
	"fmt"
	"testing"

	"magent/internal/stats"
)

func TestEventsAreBounded(t *testing.T) {
	var events Events
	if got := events.List(); len(got) != 0 {
		t.Errorf("at first: %v", got)
	}
	for i := range maxEvents + 3 {
		events.Note(stats.Event{What: fmt.Sprint(i)})
	}
	got := events.List()
	if len(got) != maxEvents || got[0].What != "3" || got[maxEvents-1].What != fmt.Sprint(maxEvents+2) {
		t.Errorf("%d events, from %q to %q", len(got), got[0].What, got[len(got)-1].What)
	}
}
