package placement

import (
	"fmt"
	"testing"

	"magent/internal/config"
)

func all(int) bool { return true }

// What is known of a server goes to the pools that have it, unless its own has it still.
func TestLineage(t *testing.T) {
	before := Lettered([3]string{"x", "ab", "c"}, [3]string{}, [3]string{"redis", "a", ""}, [3]string{"z", "cd", "b"},
		[3]string{"u", "e", ""}, [3]string{})
	after := Lettered([3]string{"x", "ca", "b"}, [3]string{"y", "b", "cd"}, [3]string{}, [3]string{"z", "c", ""},
		[3]string{"redis", "e", ""}, [3]string{"redis2", "a", ""})
	h := NewLineage(before, after, all)
	for i, want := range map[int]string{
		0: "[{0 2 0} {0 0 1} {0 1 2} {3 2 2}]", // x keeps all, and z does not have b any more
		1: "[{3 2 0} {3 1 2}]",
		3: "[{3 0 0}]",
		4: "[]", // it is of another kind now
		5: "[{2 0 0}]",
	} {
		if got := fmt.Sprint(h.Of(i)); got != want {
			t.Errorf("pool %d: %s, want %s", i, got, want)
		}
	}
	h = NewLineage(before, after, func(i int) bool { return i != 3 })
	if got := h.Of(1); len(got) > 0 {
		t.Errorf("of a pool that others decide for: %v", got)
	}
}

// What it takes grows with the number of pools, and not with its square. In a reload the loops stand still meanwhile.
func TestLineageOfManyPools(t *testing.T) {
	work := func(pools int) float64 {
		var before, after []*config.Pool
		for range pools {
			before = append(before, Lettered([3]string{"x", "ab", "c"})...)
			after = append(after, Lettered([3]string{"x", "ab", "c"})...)
		}
		return testing.AllocsPerRun(1, func() { // addresses, which are compared
			h := NewLineage(before, after, all)
			for i := range after {
				h.Of(i)
			}
		})
	}
	if few, many := work(50), work(200); many > 5*few {
		t.Errorf("%.0f allocations for 50 pools, %.0f for 200", few, many)
	}
}
