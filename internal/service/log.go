package service

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// Formats of log lines.
const (
	FormatConsole = "console" // for people
	FormatJSON    = "json"    // for programs
)

const (
	// Lines that may wait for a slow reader of the log; further ones are dropped and counted
	logLines     = 1000
	logCloseTime = time.Second // how long Close waits for a reader that is stuck
	consoleTime  = "2006-01-02 15:04:05.000"
	jsonTime     = "2006-01-02T15:04:05.000Z07:00"
)

// LogOptions configure a Log.
type LogOptions struct {
	File    string      // appended to, and reopened by Reopen; empty: the log goes to Default
	Flag    string      // the flag that names File, for errors; empty: --log-file
	Mode    os.FileMode // of a new File; 0: 0640
	Default io.Writer   // nil: Syslog
	Syslog  string      // the name of the program there; empty: no log without a File or Default
	Format  string      // FormatConsole or FormatJSON; empty: it depends on Default
	Louder  int         // steps above the usual level (level.go), or below it if negative
}

// Debug is the value of Louder for a log with debug lines.
const Debug = levelDebug - levelNormal

// Log is a logger that never blocks, because event loops write to it. Lines go through a queue of fixed size to one
// goroutine that formats and writes them. If that is too slow, whole lines are dropped, and a line says how many.
type Log struct {
	zerolog.Logger
	level  atomic.Int32 // on twemproxy's scale
	queue  *logQueue
	file   *logFile // nil: no log file
	syslog bool     // it goes there
}

// OpenLog opens the log. Close writes the last lines.
func OpenLog(o LogOptions) (*Log, error) {
	l := &Log{}
	sink := o.Default
	if o.File != "" {
		file, err := openLogFile(o.File, cmp.Or(o.Flag, "--log-file"), cmp.Or(o.Mode, 0o640))
		if err != nil {
			return nil, err
		}
		l.file, sink = file, file
	}
	if sink == nil && o.Syslog != "" {
		var err error
		if sink, err = openSyslog(o.Syslog); err != nil {
			return nil, err
		}
		l.syslog = true
	}
	if sink == nil {
		sink = io.Discard
	}
	out := formatter(sink, o.Format)
	l.queue = newLogQueue(out, logLines, dropAlert(out))
	l.level.Store(int32(levelNormal + o.Louder))
	l.Logger = zerolog.New(l.queue).Hook(filter{&l.level}, timestamp{})
	return l, nil
}

// Reopen opens the log file again after somebody has moved it away. Without a log file it does nothing.
func (l *Log) Reopen() {
	if l.file == nil {
		return
	}
	if err := l.file.reopen(); err != nil {
		l.Error().AnErr("reason", err).Msg("the log file cannot be reopened, the old one stays in use")
		return
	}
	l.always().Str("signal", "SIGHUP").Str("file", l.file.path).Msg("log file reopened")
}

// Close writes what is queued and ends the log. A stuck reader delays it by logCloseTime at most.
func (l *Log) Close() {
	done := make(chan struct{})
	go l.drain(done)
	select {
	case <-done:
		if l.file != nil {
			l.file.close()
		}
	case <-time.After(logCloseTime): // only if the sink is stuck; the process ends next
	}
}

func (l *Log) drain(done chan<- struct{}) {
	l.queue.Close()
	close(done)
}

// formatter turns queued JSON events into lines, on the goroutine that writes them.
func formatter(sink io.Writer, format string) io.Writer {
	terminal := IsTerminal(sink)
	if format == "" && terminal {
		format = FormatConsole
	}
	if format != FormatConsole {
		return onlyWriter{sink}
	}
	color := terminal && os.Getenv("NO_COLOR") == ""
	return onlyWriter{zerolog.ConsoleWriter{Out: sink, NoColor: !color, TimeFormat: consoleTime}}
}

// dropAlert returns a function that reports dropped lines. It writes directly, because the queue was full.
func dropAlert(out io.Writer) func(lines int) {
	return func(missed int) {
		const message = "log lines dropped: the log is not read as fast as it is written"
		fmt.Fprintf(out, `{"level":"warn","time":"%s","lines":%d,"message":"`+message+`"}`+"\n",
			time.Now().Format(jsonTime), missed)
	}
}

// timestamp adds the time in milliseconds to every line. zerolog's own would need a global setting for that.
type timestamp struct{}

// Run implements zerolog.Hook.
func (timestamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().Format(jsonTime))
}

// onlyWriter hides that a writer can be closed: the log closes its own file, but never stderr.
type onlyWriter struct{ io.Writer }

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// always starts a line that is logged at any level.
func (l *Log) always() *zerolog.Event {
	return l.Log().Str(zerolog.LevelFieldName, zerolog.InfoLevel.String())
}

// Turn moves the log level by that many steps: up if positive, down if negative. signal is the reason.
func (l *Log) Turn(steps int32, signal string) {
	level := min(max(l.level.Load()+steps, 0), levelMost)
	l.level.Store(level)
	l.always().Str("signal", signal).Int32("log_level", level).Str("name", levelNames[level]).Msg("log level changed")
}
