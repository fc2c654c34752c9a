package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/metrics"
	"magent/internal/stats"
)

// metricTable lists every metric of a process with one pool, one server and one loop.
func metricTable() string {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.New(func(context.Context) (*stats.Process, *stats.Snapshot, error) {
		process := &stats.Process{
			Pools: []stats.Pool{{Name: "main"}},
			Fleet: &stats.Fleet{
				Members: []stats.FleetMember{{Name: "a"}}, Groups: []stats.FleetGroup{{Name: "main", Owner: "a"}},
			},
		}
		snapshot := &stats.Snapshot{
			Pools: make([]stats.Counters, 1), Servers: []stats.Server{{Pool: "main"}},
			Loops: make([]stats.Loop, 1),
		}
		return process, snapshot, nil
	}))
	families, err := registry.Gather() // sorted by name
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	b.WriteString("\n| metric | type | labels | |\n|---|---|---|---|\n")
	for _, f := range families {
		var labels []string
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if name := "`" + l.GetName() + "`"; !slices.Contains(labels, name) {
					labels = append(labels, name)
				}
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()),
			strings.Join(labels, ", "), strings.ReplaceAll(f.GetHelp(), "|", `\|`))
	}
	return b.String() + "\n"
}
