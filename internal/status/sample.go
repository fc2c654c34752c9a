package status

import (
	"context"
	"time"

	"magent/internal/stats"
)

// Engine is what is reported. Its functions are called beside the loops.
type Engine struct {
	Program string // the program's name
	// Figures collects the figures of the whole process. It returns early if the context is done.
	Figures func(context.Context) (stats.Process, stats.Snapshot, error)
	// Events returns the last events, the oldest first.
	Events func() []stats.Event
	// Hung returns the loops that have given no sign of life when the context is done.
	Hung func(context.Context) []int
}

// sample is a copy of all figures. It is immutable.
type sample struct {
	begun    time.Time // before the loops were asked
	at       time.Time
	process  stats.Process
	snapshot stats.Snapshot
}
