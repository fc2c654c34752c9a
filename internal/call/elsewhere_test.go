package call

import "testing"

func TestElsewhere(t *testing.T) {
	for _, c := range []struct {
		e            Elsewhere
		unsent, sent bool
	}{
		{Never, false, false},
		{Unsent, true, false},
		{Always, true, true},
	} {
		if c.e.Allows(false) != c.unsent || c.e.Allows(true) != c.sent {
			t.Errorf("%d: unsent %v, sent %v", c.e, c.e.Allows(false), c.e.Allows(true))
		}
	}
}
