package main

import (
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	rows, err := selectRows("conns50,pipeline16")
	if err != nil {
		t.Fatal(err)
	}
	base := []loadResult{ // the machine got slower by half from round to round, for both
		{OpsPerS: 80000, P50: 500, P99: 1000, P999: 3000, CPU: 8},
		{OpsPerS: 40000, P50: 900, P99: 2000, P999: 6000, CPU: 16},
		{OpsPerS: 20000, P50: 1900, P99: 4000, P999: 9000, CPU: 32},
	}
	ours := []loadResult{
		{OpsPerS: 104000, P50: 400, P99: 900, P999: 2000, CPU: 5.6},
		{OpsPerS: 48000, P50: 700, P99: 1900, P999: 5000, CPU: 9.6},
		{OpsPerS: 25000, P50: 1500, P99: 4400, P999: 8000, CPU: 19.2},
	}
	var results []rowResult
	for _, r := range rows {
		results = append(results, rowResult{
			row: r, rounds: [][]loadResult{base, ours}, subjects: []subject{{name: "nutcracker"}, {name: "magent"}},
		})
	}
	got := render([]string{"CPU: one"}, runOptions{rounds: 3, duration: 3 * time.Second}, results)
	want := `- CPU: one
- 3 rounds of 3s per row and proxy, alternating

| magent : nutcracker | requests/s | target | CPU per request | target | p99 | target | met |
|---|---|---|---|---|---|---|---|
| 50 connections, get:set 9:1, 100 B | 1.25 (1.20..1.30) | >= 1.20 | 0.60 (0.60..0.70) | <= 0.70 | 0.95 (0.90..1.10) | <= 1.00 | yes |
| pipelining 16 | 1.25 (1.20..1.30) | >= 2.00 | 0.60 (0.60..0.70) | <= 0.30 | 0.95 (0.90..1.10) | <= 1.00 | **no**: requests/s, CPU |

1 of 2 rows reach their targets.

| medians | asked | requests/s | p50 us | p99 us | p99.9 us | CPU us per request |
|---|---|---|---|---|---|---|
| 50 connections, get:set 9:1, 100 B | nutcracker | 40000 | 900 | 2000 | 6000 | 16.00 |
| 50 connections, get:set 9:1, 100 B | magent | 48000 | 700 | 1900 | 5000 | 9.60 |
| pipelining 16 | nutcracker | 40000 | 900 | 2000 | 6000 | 16.00 |
| pipelining 16 | magent | 48000 | 700 | 1900 | 5000 | 9.60 |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{4, 1}, spread{1, 2.5, 4}},
		{[]float64{9, 1, 5}, spread{1, 5, 9}},
	} {
		if got := spreadOf(tt.values); got != tt.want {
			t.Errorf("%v: %+v, want %+v", tt.values, got, tt.want)
		}
	}
}

func TestEachRowCanBeLoaded(t *testing.T) {
	for _, r := range allRows() {
		rate, cpu := 1.0, 1.0
		if r.with != "" { // it may not be much slower
			rate, cpu = 0.9, 1.1
		}
		err := r.load.validate()
		if err != nil || r.want.rate < rate || r.want.cpu > cpu || strings.Contains(r.name, ",") {
			t.Errorf("row %+v: %v", r, err)
		}
	}
}
