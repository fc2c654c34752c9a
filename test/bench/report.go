package main

import (
	"fmt"
	"slices"
	"strings"
)

// spread is the median of some figures, with the smallest and the largest.
type spread struct{ low, median, high float64 }

func spreadOf(v []float64) spread {
	if len(v) == 0 {
		return spread{}
	}
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return spread{s[0], (s[(n-1)/2] + s[n/2]) / 2, s[n-1]}
}

// pick returns one figure of each round.
func pick(rounds []loadResult, figure func(loadResult) float64) []float64 {
	v := make([]float64, 0, len(rounds))
	for _, r := range rounds {
		v = append(v, figure(r))
	}
	return v
}

// against divides magent's figures by those of another subject, round by round.
func (r rowResult) against(other int, figure func(loadResult) float64) spread {
	base := pick(r.rounds[other], figure)
	v := pick(r.rounds[1], figure)
	for i := range v {
		v[i] /= base[i]
	}
	return spreadOf(v)
}

func rate(r loadResult) float64 { return r.OpsPerS }
func cpu(r loadResult) float64  { return r.CPU }
func p50(r loadResult) float64  { return r.P50 }
func p99(r loadResult) float64  { return r.P99 }
func p999(r loadResult) float64 { return r.P999 }

// render returns the whole report: the machine, the ratios with their targets, and the figures from which they were
// made.
func render(facts []string, o runOptions, results []rowResult) string {
	var b strings.Builder
	for _, f := range facts {
		fmt.Fprintf(&b, "- %s\n", f)
	}
	fmt.Fprintf(&b, "- %d rounds of %s per row and proxy, alternating\n\n", o.rounds, o.duration)
	writeRatios(&b, results)
	b.WriteByte('\n')
	if o.base != "" {
		writeBase(&b, results)
		b.WriteByte('\n')
	}
	writeFigures(&b, results)
	return b.String()
}

// writeRatios writes magent : nutcracker, as medians of the rounds with the range in brackets.
func writeRatios(b *strings.Builder, results []rowResult) {
	b.WriteString("| magent : nutcracker | requests/s | target | CPU per request | target | p99 | target | met |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|\n")
	missed := 0
	for _, r := range results {
		rates, cpus, tails := r.against(0, rate), r.against(0, cpu), r.against(0, p99)
		verdict := "yes"
		if got := (ratios{rates.median, cpus.median, tails.median}); !got.met(r.want) {
			verdict = "**no**: " + strings.Join(got.misses(r.want), ", ")
			missed++
		}
		fmt.Fprintf(b, "| %s | %s | >= %.2f | %s | <= %.2f | %s | <= %.2f | %s |\n",
			r.title, rates, r.want.rate, cpus, r.want.cpu, tails, r.want.p99, verdict)
	}
	fmt.Fprintf(b, "\n%d of %d rows reach their targets.\n", len(results)-missed, len(results))
}

// writeBase writes magent : the older one, in the same way.
func writeBase(b *strings.Builder, results []rowResult) {
	b.WriteString("| magent : -base | requests/s | CPU per request | p99 |\n|---|---|---|---|\n")
	for _, r := range results {
		at := slices.IndexFunc(r.subjects, func(s subject) bool { return s.name == baseName })
		if at >= 0 {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", r.title, r.against(at, rate), r.against(at, cpu),
				r.against(at, p99))
		}
	}
}

func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f..%.2f)", s.median, s.low, s.high) }

// misses names the targets that r does not reach.
func (r ratios) misses(want ratios) []string {
	var names []string
	if r.rate < want.rate {
		names = append(names, "requests/s")
	}
	if r.cpu > want.cpu {
		names = append(names, "CPU")
	}
	if r.p99 > want.p99 {
		names = append(names, "p99")
	}
	return names
}

func writeFigures(b *strings.Builder, results []rowResult) {
	b.WriteString("| medians | asked | requests/s | p50 us | p99 us | p99.9 us | CPU us per request |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		for i, s := range r.subjects {
			m := func(figure func(loadResult) float64) float64 { return spreadOf(pick(r.rounds[i], figure)).median }
			fmt.Fprintf(b, "| %s | %s | %.0f | %.0f | %.0f | %.0f | %.2f |\n",
				r.title, s.name, m(rate), m(p50), m(p99), m(p999), m(cpu))
		}
	}
}
