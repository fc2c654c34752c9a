package session

import (
	"time"
)

const (
	slowLines = 10  // lines in a second and loop, so that a server that hangs does not flood the log
	maxNote   = 300 // bytes of a command and its key that are remembered
	slowEvery = int64(time.Second)
)

// slowLog limits the log lines of a loop.
type slowLog struct {
	since   int64 // loop time: when the second began
	lines   int
	skipped int // since the last line
}
