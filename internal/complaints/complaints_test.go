package complaints

import (
	"testing"
	"time"
)

// A complaint is logged at once, then once in a while, with the number of those in between.
func TestComplaints(t *testing.T) {
	c, now := &Book{}, time.Unix(1000, 0)
	for _, step := range []struct {
		after   time.Duration
		what    string
		skipped int
		due     bool
		count   int
	}{
		{0, "a", 0, true, 1},
		{1, "a", 0, false, 2},
		{0, "b", 0, true, 1},
		{complainEvery - 2, "a", 0, false, 3},
		{1, "a", 2, true, 1},
		{complainEvery, "a", 0, true, 1},
	} {
		now = now.Add(step.after)
		skipped, due := c.Note(step.what, now)
		if skipped != step.skipped || due != step.due || c.Count(step.what) != step.count {
			t.Errorf("%+v: skipped %d, due %v, then %d", step, skipped, due, c.Count(step.what))
		}
	}
	if n := c.Count("c"); n != 0 {
		t.Errorf("%d complaints that nobody made", n)
	}
}
