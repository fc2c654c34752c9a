package undecided

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestWaitsForWhatIsThere compares a table with a list: who waits is told when all that it has found there has ended,
// or something later whose end was there before that, and never earlier.
func TestWaitsForWhatIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := New[int]()
		type mutation struct {
			mark Mark[int]
			key  string
			id   int
		}
		var under []mutation
		waits := map[int][]int{} // what each still waits for, by id
		next := 0
		keys := rapid.SampledFrom([]string{"a", "b"})
		take := func() {
			for w, ok := table.Next(); ok; w, ok = table.Next() {
				if left, known := waits[w]; !known || len(left) > 0 {
					t.Fatalf("%d is told while it waits for %v (%v)", w, left, known)
				}
				delete(waits, w)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				next++
				under = append(under, mutation{table.Begin([]byte(key)), key, next})
			},
			"end": func(t *rapid.T) {
				if len(under) == 0 {
					t.Skip("nothing is under way")
				}
				i := rapid.IntRange(0, len(under)-1).Draw(t, "which")
				m := under[i]
				under = slices.Delete(under, i, i+1)
				table.End(&m.mark)
				if m.mark.Counts() {
					t.Fatal("it counts still")
				}
				for w, left := range waits {
					waits[w] = slices.DeleteFunc(left, func(id int) bool { return id == m.id })
				}
				take()
			},
			"wait": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				if !table.Busy([]byte(key)) {
					t.Skip("nothing to wait for")
				}
				next++
				waits[next] = []int{}
				for _, m := range under {
					if m.key == key {
						waits[next] = append(waits[next], m.id)
					}
				}
				table.Wait([]byte(key), next)
				take()
			},
			"": func(t *rapid.T) {
				if table.Total() != len(under) {
					t.Fatalf("%d count, want %d", table.Total(), len(under))
				}
				if len(under) == 0 && len(waits) > 0 {
					t.Fatalf("%v wait for nothing", waits)
				}
			},
		})
	})
}

// TestEndsWhileOthersBegin: there is always something under way, and nobody waits for more than what was there twice.
func TestEndsWhileOthersBegin(t *testing.T) {
	table := New[string]()
	key := []byte("key")
	first := table.Begin(key)
	table.Wait(key, "a")
	second := table.Begin(key)
	table.Wait(key, "b")
	table.End(&first)
	expect(t, table, "a")
	third := table.Begin(key)
	expect(t, table)
	table.End(&second)
	expect(t, table, "b")
	table.End(&third)
	expect(t, table)
	if table.Busy(key) || table.of(key).period != nil || table.spare == nil {
		t.Error("something is left")
	}
}

// TestHasNoMemoryYet: many pools are made at once, and most of them have no mutations.
func TestHasNoMemoryYet(t *testing.T) {
	table := New[string]()
	if table.Busy([]byte("key")) || table.counts != nil {
		t.Error("a table in which nothing counts has memory")
	}
	m := table.Begin([]byte("key"))
	if !table.Busy([]byte("key")) || table.Total() != 1 {
		t.Error("a mutation does not count")
	}
	table.End(&m)
	if table.Busy([]byte("key")) || table.Total() != 0 {
		t.Error("it has not ended")
	}
}

func expect(t *testing.T, table *Table[string], want ...string) {
	t.Helper()
	var got []string
	for w, ok := table.Next(); ok; w, ok = table.Next() {
		got = append(got, w)
	}
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

func BenchmarkWait(b *testing.B) {
	table := New[int]()
	key := []byte("key")
	b.ReportAllocs()
	for b.Loop() {
		m := table.Begin(key)
		table.Wait(key, 1)
		table.End(&m)
		table.Next()
		table.Next()
	}
}
