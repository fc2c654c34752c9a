package pool

import (
	"testing"

	"magent/internal/config"
	"magent/internal/placement"
)

// The part that takes the place of a group's gets its place in the whole. Its configuration may have another share
// than the whole knows yet, or an earlier one.
func TestRegroupWithAnotherShare(t *testing.T) {
	for share := range 3 {
		before, other := &Pool{Config: &config.Pool{}}, &Pool{Config: &config.Pool{}}
		whole := &Pool{Config: &config.Pool{}}
		whole.SetGroups(placement.Rings{}, []*Pool{other, before})
		after := &Pool{Config: &config.Pool{Share: share}}
		after.Regroup(before)
		if whole.Groups[0] != other || whole.Groups[1] != after || after.Whole != whole {
			t.Errorf("share %d: %v", share, whole.Groups)
		}
	}
}
