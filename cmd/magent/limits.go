package main

import "time"

// Limits of values of flags.
const (
	maxThreads  = 256
	maxClients  = 10_000_000
	maxFailures = 1000
	maxDirty    = 100_000_000
	maxValue    = 1 << 30
	minTime     = time.Millisecond
	longestTime = time.Hour
)

// The placements of magent 0.5, with -k and without.
const (
	magentKetama = "magent-ketama"
	magentModulo = "magent"
)
