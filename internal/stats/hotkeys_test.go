package stats

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// TestHotKeys: keys that are requested often are found among many others, with about the right shares.
func TestHotKeys(t *testing.T) {
	var h HotKeys
	r := rand.New(rand.NewPCG(1, 2))
	for range 500_000 {
		switch n := r.IntN(100); {
		case n < 20:
			h.Touch([]byte("hot"))
		case n < 25:
			h.Touch([]byte("warm"))
		default:
			h.Touch(fmt.Appendf(nil, "cold%d", r.IntN(1_000_000)))
		}
	}
	var s Hottest
	s.Add(&h)
	top := s.Top(2)
	if len(top) != 2 || top[0].Key != "hot" || top[1].Key != "warm" {
		t.Fatalf("found %v", top)
	}
	if share := s.Share(top[0].Count); share < 1800 || share > 2300 {
		t.Errorf("hot has %d, not 2000", share)
	}
}

// TestHotKeysInTurn: a client that requests its keys in turn does not hide any of them from the samples.
func TestHotKeysInTurn(t *testing.T) {
	var h HotKeys
	for range 20_000 {
		for i := range 32 {
			h.Touch(fmt.Appendf(nil, "key%d", i))
		}
	}
	var s Hottest
	s.Add(&h)
	top := s.Top(100)
	if len(top) != 32 {
		t.Fatalf("%d of 32 keys were seen", len(top))
	}
	for _, k := range top {
		if share := s.Share(k.Count); share < 200 || share > 430 {
			t.Errorf("%s has %d, not 312", k.Key, share)
		}
	}
}

// TestHotKeysUnused: who has many of them, and asks for no keys, has no memory for their counters.
func TestHotKeysUnused(t *testing.T) {
	var h HotKeys
	var s Hottest
	s.Add(&h)
	if size := unsafe.Sizeof(h); size > 64 || h.keys != nil || len(s.Top(1)) > 0 {
		t.Errorf("%d bytes before the first key, with counters: %v", size, h.keys != nil)
	}
}

// TestHotKeysOfNone: if no key is hot, none is shown as hot.
func TestHotKeysOfNone(t *testing.T) {
	var h HotKeys
	for i := range 500_000 {
		h.Touch(fmt.Appendf(nil, "key%d", i))
	}
	var s Hottest
	s.Add(&h)
	if top := s.Top(10); len(top) > 0 {
		t.Errorf("found %v of %d", top, s.Samples)
	}
}

// TestHotKeysForget: old hot keys are forgotten.
func TestHotKeysForget(t *testing.T) {
	var h HotKeys
	for range 1_000_000 {
		h.Touch([]byte("then"))
	}
	for range 8_000_000 {
		h.Touch([]byte("now"))
	}
	var s Hottest
	s.Add(&h)
	if top := s.Top(2); top[0].Key != "now" || len(top) > 1 && s.Share(top[1].Count) > 500 {
		t.Errorf("found %v of %d", top, s.Samples)
	}
}

// TestHotKeysAllocateNothing: nothing is allocated, whatever the keys.
func TestHotKeysAllocateNothing(t *testing.T) {
	var h HotKeys
	key := []byte(strings.Repeat("k", 300))
	n := 0
	if per := testing.AllocsPerRun(100_000, func() {
		n++
		key[0], key[1], key[2] = byte(n), byte(n>>8), byte(n>>16)
		h.Touch(key)
	}); per > 0 {
		t.Errorf("%v allocations", per)
	}
}

// TestAppendHotKeys: the reply has the keys in the order of their counts, each on one line.
func TestAppendHotKeys(t *testing.T) {
	s := Hottest{Samples: 8, counts: map[string]int{"a": 4, "b\r\nEND": 3, "once": 1}}
	want := "STAT hotkey:1:key a\r\nSTAT hotkey:1:percent 50.00\r\nSTAT hotkey:2:key \"b\\r\\nEND\"\r\nSTAT " +
		"hotkey:2:percent 37.50\r\nEND\r\n"
	if got := string(AppendHotKeys(nil, &s, 10)); got != want {
		t.Errorf("%q", got)
	}
	if got := string(AppendHotKeys(nil, &Hottest{}, 10)); got != "END\r\n" {
		t.Errorf("of nothing: %q", got)
	}
}
