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

// The keys of a pool are on its servers, whatever its name is.
func TestOrigin(t *testing.T) {
	for name, c := range map[string]struct {
		before, after [][3]string
		want          int // of the last pool
	}{
		"it is changed":      {[][3]string{{"x", "a", "b"}}, [][3]string{{"x", "c", "b"}}, 0},
		"all servers change": {[][3]string{{"x", "a", "b"}}, [][3]string{{"x", "c", "d"}}, 0},
		"it is new": {
			[][3]string{{"x", "a", "b"}, {}},
			[][3]string{{"x", "a", "c"}, {"y", "d", "e"}},
			-1,
		},
		"it is renamed":              {[][3]string{{"x", "a", "b"}, {}}, [][3]string{{}, {"y", "a", "b"}}, 0},
		"renamed, with a new server": {[][3]string{{"x", "a", "b"}, {}}, [][3]string{{}, {"y", "a", "c"}}, 0},
		"of two, most of one": {
			[][3]string{{"w", "a", "d"}, {"x", "b", "c"}, {}},
			[][3]string{{}, {}, {"y", "ab", "c"}},
			1,
		},
		"two change names": {
			[][3]string{{"x", "a", "b"}, {"y", "c", "d"}},
			[][3]string{{"x", "c", "d"}, {"y", "a", "b"}},
			0,
		},
		"one of another kind": {[][3]string{{"redis", "a", ""}, {}}, [][3]string{{}, {"x", "a", "b"}}, -1},
		"a part becomes a pool": {
			[][3]string{{"x", "ac", "bd"}, {}},
			[][3]string{{"x", "a", "b"}, {"y", "c", "d"}},
			0,
		},
		"another with its servers": {
			[][3]string{{"x", "a", "b"}, {}},
			[][3]string{{"x", "a", "bc"}, {"y", "a", "b"}},
			-1,
		},
	} {
		if got := Origin(Lettered(c.before...), Lettered(c.after...), len(c.after)-1); got != c.want {
			t.Errorf("%s: from %d, want %d", name, got, c.want)
		}
	}
}
