package member

import (
	"testing"

	"magent/internal/fleet/core"
)

// A view that this member took no part in may be an old one, as after its own start. Nobody knows when it was agreed
// on.
func TestWhenTheViewHasChanged(t *testing.T) {
	f := &figures{}
	for _, c := range []struct {
		reason    string
		in, known bool
	}{
		{"as it was at the end of the last process", false, false},
		{"c is dead", false, false},
		{"a has joined", true, true},
		{"b has joined", true, true},
		{"a is dead", false, true}, // it was in until now
		{"b is dead", false, false},
	} {
		f.noted(core.Decision{Act: core.Changed, Reason: c.reason}, c.in)
		if f.reason != c.reason || f.changed.IsZero() == c.known {
			t.Errorf("%s: it has changed at %v, for %q", c.reason, f.changed, f.reason)
		}
	}
}
