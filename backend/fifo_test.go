package backend

import (
	"testing"

	"pgregory.net/rapid"

	"magent/ascii"
)

// TestFIFOAgainstModel compares the ring of requests in flight with a plain slice.
func TestFIFOAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f fifo
		var model []uint16
		several := map[uint16]int{} // by slot: replies that are due beside the last one
		next := uint16(0)
		push := func() {
			*f.push() = entry{to: &recorder{}, at: int64(next), slot: next, shape: ascii.ShapeMeta}
			model = append(model, next)
			next++
		}
		pop := func(t *rapid.T) {
			if len(model) == 0 {
				t.Skip()
			}
			for ; several[model[0]] > 0; several[model[0]]-- {
				e := f.next()
				if int(e.extra) != several[model[0]] || e.slot != model[0] || e.to == nil || f.len() != len(model) {
					t.Fatalf("next is %+v, want %d", e, model[0])
				}
			}
			if e := f.next(); e.slot != model[0] || e.at != int64(model[0]) || e.to == nil ||
				e.shape != ascii.ShapeMeta {
				t.Fatalf("popped %+v, want %d", e, model[0])
			}
			model = model[1:]
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) { push() },
			"push many": func(t *rapid.T) {
				for range rapid.IntRange(1, 100).Draw(t, "n") {
					push()
				}
			},
			"push with several replies": func(t *rapid.T) {
				extra := rapid.IntRange(1, 3).Draw(t, "extra")
				push()
				f.at(f.len() - 1).extra = uint32(extra)
				several[next-1] = extra
			},
			"pop": pop,
			"pop many": func(t *rapid.T) {
				for range min(len(model), rapid.IntRange(1, 100).Draw(t, "n")) {
					pop(t)
				}
			},
			"": func(t *rapid.T) {
				if f.len() != len(model) {
					t.Fatalf("length %d, want %d", f.len(), len(model))
				}
				for i, want := range model {
					if got := f.at(i).slot; got != want {
						t.Fatalf("number %d is %d, want %d", i, got, want)
					}
				}
				held := 0
				for i := range f.ring {
					if f.ring[i].to != nil {
						held++
					}
				}
				if held != len(model) {
					t.Fatalf("%d receivers are held, %d are waiting", held, len(model))
				}
			},
		})
	})
}
