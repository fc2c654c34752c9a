package stats

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strconv"
)

// HotKeys estimates which keys are requested most, in a fixed amount of memory. It samples about one key in 64, and
// counts by the Space-Saving algorithm (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k
// Elements in Data Streams, 2005). The zero value is ready. It belongs to one loop.
type HotKeys struct {
	wait    int    // keys to skip until the next sample
	random  uint64 // state of the random generator for that
	samples int    // number of samples; older ones count for less
	used    int
	keys    *[hotKeys]hotKey // nil: no key was counted yet
}

const (
	hotKeys    = 64      // number of counters
	hotEvery   = 64      // one key in this many is sampled, on average
	hotMemory  = 1 << 14 // all counts are halved after this many samples, so that old hot keys are forgotten
	hotKeySize = 250     // bytes of a key that are kept; memcached's limit
)

type hotKey struct {
	hash  uint64
	count int
	over  int // the part of it that was taken over from earlier keys
	size  int
	text  [hotKeySize]byte
}

var hotSeed = maphash.MakeSeed()

// Touch counts a request for key. It does not keep the slice.
func (h *HotKeys) Touch(key []byte) {
	if h.wait--; h.wait < 0 {
		h.sample(key)
	}
}

// sample counts a key. A key without a counter takes over the one with the lowest count.
func (h *HotKeys) sample(key []byte) {
	h.random = h.random*6364136223846793005 + 1442695040888963407 // Knuth's generator
	h.wait = int(h.random >> 33 % (2*hotEvery - 1))
	sum := maphash.Bytes(hotSeed, key)
	least := 0
	for i := range h.used {
		if h.keys[i].hash == sum {
			h.keys[i].count++
			h.counted()
			return
		}
		if h.keys[i].count < h.keys[least].count {
			least = i
		}
	}
	if h.keys == nil {
		h.keys = new([hotKeys]hotKey)
	}
	if h.used < hotKeys {
		least = h.used
		h.used++
	}
	k := &h.keys[least]
	k.hash, k.over, k.size = sum, k.count, copy(k.text[:], key)
	k.count++
	h.counted()
}

// counted ends a sample.
func (h *HotKeys) counted() {
	if h.samples++; h.samples < hotMemory {
		return
	}
	h.samples /= 2
	for i := range h.used {
		h.keys[i].count /= 2
		h.keys[i].over /= 2
	}
}

// HotKey is a key with its count.
type HotKey struct {
	Key   string
	Count int
}

// Hottest is the sum of several HotKeys.
type Hottest struct {
	Samples int
	counts  map[string]int
}

// Add adds the counts of one loop.
func (s *Hottest) Add(h *HotKeys) {
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.Samples += h.samples
	for i := range h.used {
		k := &h.keys[i]
		s.counts[string(k.text[:k.size])] += k.count - k.over
	}
}

// Top returns the n keys with the highest counts.
func (s *Hottest) Top(n int) []HotKey {
	var keys []HotKey
	for key, count := range s.counts {
		if count > 1 { // a single sample is chance
			keys = append(keys, HotKey{key, count})
		}
	}
	slices.SortFunc(keys, func(a, b HotKey) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	return keys[:min(n, len(keys))]
}

// Share returns the share of a count in all samples, in hundredths of a percent.
func (s *Hottest) Share(count int) int { return count * 10_000 / max(1, s.Samples) }

// AppendHotKeys appends the reply to "stats hotkeys": the n hottest keys, with their share of all
// requests for keys in percent.
func AppendHotKeys(dst []byte, s *Hottest, n int) []byte {
	for i, k := range s.Top(n) {
		name := "STAT hotkey:" + strconv.Itoa(i+1)
		dst = append(append(append(dst, name...), ":key "...), Visible(k.Key)...)
		dst = append(append(append(dst, "\r\n"...), name...), ":percent "...)
		dst = append(append(dst, Percent(s.Share(k.Count))...), "\r\n"...)
	}
	return append(dst, "END\r\n"...)
}

// Percent formats hundredths of a percent as percent.
func Percent(hundredths int) string { return strconv.FormatFloat(float64(hundredths)/100, 'f', 2, 64) }

// Visible returns a key in a form that fits on a line: it is quoted if it contains blanks or bytes that are not text.
func Visible(key string) string {
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return strconv.Quote(key)
		}
	}
	return key
}
