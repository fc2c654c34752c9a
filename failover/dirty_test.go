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
		everything := func(seq uint64) {
			all = seq
			clear(model)
		}
		t.Repeat(map[string]func(*rapid.T){
			"mark": func(t *rapid.T) {
				k := key.Draw(t, "key")
				seq := d.Mark([]byte(k))
				given = append(given, seq)
				_, known := model[k]
				switch {
				case all > 0:
				case !known && (len(model) >= maxKeys || bytes()+len(k) > maxBytes):
					everything(seq)
				default:
					model[k] = seq
				}
			},
			"mark all": func(*rapid.T) {
				seq := d.MarkAll()
				given = append(given, seq)
				everything(seq)
			},
			"clean": func(t *rapid.T) {
				if len(given) == 0 {
					t.Skip()
				}
				k, seq := key.Draw(t, "key"), rapid.SampledFrom(given).Draw(t, "mark")
				if d.Clean([]byte(k), seq); model[k] == seq {
					delete(model, k)
				}
			},
			"clean all": func(t *rapid.T) {
				if len(given) == 0 {
					t.Skip()
				}
				seq := rapid.SampledFrom(given).Draw(t, "mark")
				if d.CleanAll(seq); all == seq {
					all = 0
				}
			},
			"": func(t *rapid.T) {
				got := map[string]uint64{}
				d.Each(func(key string, seq uint64) { got[key] = seq })
				if !maps.Equal(got, model) || d.Len() != len(model) || d.All() != (all > 0) || d.bytes != bytes() {
					t.Fatalf("%v (all: %v, %d bytes), want %v (all: %v)", got, d.All(), d.bytes, model, all > 0)
				}
			},
		})
	})
}

// TestDirtyAgain checks that a key stays dirty if it was marked again while it was repaired.
func TestDirtyAgain(t *testing.T) {
	d := Dirty{MaxKeys: 10, MaxBytes: 10}
	first := d.Mark([]byte("k"))
	second := d.Mark([]byte("k"))
	if d.Clean([]byte("k"), first); d.Len() != 1 {
		t.Error("the repair of the first seq has taken the second one off")
	}
	if d.Clean([]byte("k"), second); d.Len() != 0 {
		t.Error("still dirty")
	}
}
