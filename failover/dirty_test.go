package failover

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// TestDirty compares a set with a plain model of it.
func TestDirty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maxKeys, maxBytes := rapid.IntRange(0, 6).Draw(t, "keys"), rapid.IntRange(0, 12).Draw(t, "bytes")
		d := Dirty{MaxKeys: maxKeys, MaxBytes: maxBytes}
		model := map[string]uint64{}
		all := uint64(0)
		bytes := func() (n int) {
			for key := range model {
				n += len(key)
			}
			return n
		}
		var given []uint64
		key := rapid.SampledFrom([]string{"", "a", "bb", "ccc", "dddd", "e", "f", "g"})
		everything := func(mark uint64) {
			all = mark
			clear(model)
		}
		t.Repeat(map[string]func(*rapid.T){
			"mark": func(t *rapid.T) {
				k := key.Draw(t, "key")
				mark := d.Mark([]byte(k))
				given = append(given, mark)
				_, known := model[k]
				switch {
				case all > 0:
				case !known && (len(model) >= maxKeys || bytes()+len(k) > maxBytes):
					everything(mark)
				default:
					model[k] = mark
				}
			},
			"mark all": func(*rapid.T) {
				mark := d.MarkAll()
				given = append(given, mark)
				everything(mark)
			},
			"clean": func(t *rapid.T) {
				if len(given) == 0 {
					t.Skip()
				}
				k, mark := key.Draw(t, "key"), rapid.SampledFrom(given).Draw(t, "mark")
				if d.Clean([]byte(k), mark); model[k] == mark {
					delete(model, k)
				}
			},
			"clean all": func(t *rapid.T) {
				if len(given) == 0 {
					t.Skip()
				}
				mark := rapid.SampledFrom(given).Draw(t, "mark")
				if d.CleanAll(mark); all == mark {
					all = 0
				}
			},
			"": func(t *rapid.T) {
				got := map[string]uint64{}
				d.Each(func(key string, mark uint64) { got[key] = mark })
				if !maps.Equal(got, model) || d.Len() != len(model) || d.All() != (all > 0) || d.bytes != bytes() {
					t.Fatalf("%v (all: %v, %d bytes), want %v (all: %v)", got, d.All(), d.bytes, model, all > 0)
				}
			},
		})
	})
}

// A key that is repaired while it gets dirty once more stays dirty.
func TestDirtyAgain(t *testing.T) {
	d := Dirty{MaxKeys: 10, MaxBytes: 10}
	first := d.Mark([]byte("k"))
	second := d.Mark([]byte("k"))
	if d.Clean([]byte("k"), first); d.Len() != 1 {
		t.Error("the repair of the first mark has taken the second one off")
	}
	if d.Clean([]byte("k"), second); d.Len() != 0 {
		t.Error("still dirty")
	}
}
