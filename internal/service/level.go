package service

import (
	"sync/atomic"

	"github.com/rs/zerolog"
)

// The scale of levels is twemproxy's: syslog's, and finer ones behind. It is what -v takes there, and what SIGTTIN and
// SIGTTOU move along.
const (
	levelError  = 3
	levelWarn   = 4
	levelNormal = 5 // state changes
	levelInfo   = 6
	levelDebug  = 7
	levelMost   = 11
)

// levelNames are syslog's, and twemproxy's for those behind.
var levelNames = [levelMost + 1]string{
	"EMERG", "ALERT", "CRIT", "ERR", "WARN", "NOTICE", "INFO", "DEBUG", "VERB", "VVERB", "VVVERB", "PVERB",
}

// lowest is the lowest level of lines that are logged at a level of the scale. Errors always are.
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

// filter drops lines below a level that can change while others log.
type filter struct{ level *atomic.Int32 }

// Run implements zerolog.Hook.
func (f filter) Run(e *zerolog.Event, level zerolog.Level, _ string) {
	if level < lowest(f.level.Load()) {
		e.Discard()
	}
}

// always begins a line that no level hides.
func (l *Log) always() *zerolog.Event {
	return l.Log().Str(zerolog.LevelFieldName, zerolog.InfoLevel.String())
}

// Turn makes the log louder by so many steps, or quieter by a negative number, because of a signal.
func (l *Log) Turn(steps int32, signal string) {
	level := min(max(l.level.Load()+steps, 0), levelMost)
	l.level.Store(level)
	l.always().Str("signal", signal).Int32("log_level", level).Str("name", levelNames[level]).Msg("log level changed")
}
