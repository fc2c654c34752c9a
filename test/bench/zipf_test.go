package main

import (
	"math"
	"testing"
)

// TestZipf: the shares of the first ranks, and of all others together, are those of the distribution.
func TestZipf(t *testing.T) {
	const n, draws = 1_000_000, 1_000_000
	w := workload{keys: n, width: 1, size: 1, zipf: true}
	g := newGenerator(w, 1)
	counts := make(map[int32]int)
	for range draws {
		counts[g.next().key]++
	}
	rest := draws
	for r := range int32(1000) {
		rest -= counts[r]
		want := math.Pow(float64(r+1), -zipfExponent) / g.zipf.zeta
		if got := float64(counts[r]) / draws; r < 2 && math.Abs(got-want) > want/20 {
			t.Errorf("rank %d has %.4f of all, want %.4f", r, got, want)
		}
	}
	if share := float64(rest) / draws; share < 0.45 || share > 0.53 {
		t.Errorf("all but 1000 keys have %.3f of all", share)
	}
}
