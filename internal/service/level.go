package service

import (
	"sync/atomic"

	"github.com/rs/zerolog"
)

// The scale of log levels is twemproxy's: those of syslog, and finer ones behind them. twemproxy's -v takes them, and
// SIGTTIN and SIGTTOU move along the scale.
const (
	levelError  = 3
	levelWarn   = 4
	levelNormal = 5 // state changes
	levelInfo   = 6
	levelDebug  = 7
	levelMost   = 11
)

// levelNames are syslog's names, and twemproxy's for the finer levels.
var levelNames = [levelMost + 1]string{
	"EMERG", "ALERT", "CRIT", "ERR", "WARN", "NOTICE", "INFO", "DEBUG", "VERB", "VVERB", "VVVERB", "PVERB",
}

// lowest returns the lowest zerolog level that is logged at a level of the scale. Errors are always logged.
func lowest(level int32) zerolog.Level {
	switch {
	case level <= levelError:
		return zerolog.ErrorLevel
	case level == levelWarn:
		return zerolog.WarnLevel
	case level <= levelInfo:
		return zerolog.InfoLevel
	case level == levelDebug:
		return zerolog.DebugLevel
	default:
		return zerolog.TraceLevel
	}
}

// filter drops lines below a level, which may change concurrently.
type filter struct{ level *atomic.Int32 }

// Run implements zerolog.Hook.
func (f filter) Run(e *zerolog.Event, level zerolog.Level, _ string) {
	if level < lowest(f.level.Load()) {
		e.Discard()
	}
}
