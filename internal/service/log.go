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

// The two forms of a log line.
const (
	FormatConsole = "console" // for people
	FormatJSON    = "json"    // for programs
)

const (
	logLines     = 1000        // lines that may wait for a slow reader of the log; more are dropped and counted
	logCloseTime = time.Second // how long Close waits for a reader of the log that is stuck
	consoleTime  = "2006-01-02 15:04:05.000"
	jsonTime     = "2006-01-02T15:04:05.000Z07:00"
)

// LogOptions say where the log goes and what it looks like.
type LogOptions struct {
	File    string      // appended to, reopened by Reopen; empty: to Default
	Flag    string      // that names File, in errors; empty: --log-file
	Mode    os.FileMode // of a File that is not there yet; 0: 0640
	Default io.Writer   // nil: nowhere
	Format  string      // FormatConsole or FormatJSON; empty: by what Default is
	Louder  int         // steps above the usual level, or below it when negative: see level.go
}

// Debug is how much Louder a log is that has the lines for debugging.
const Debug = levelDebug - levelNormal

// Log is a logger that never blocks who logs: an event loop writes to it. Lines go through a queue of fixed size to one
// goroutine that formats and writes them; when that is too slow, whole lines are dropped, and a line says how many.
type Log struct {
	zerolog.Logger
	level atomic.Int32 // on twemproxy's scale
	queue *logQueue
	file  *logFile // nil without a log file
}

// OpenLog opens the log. Close it to have the last lines written.
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
	if sink == nil {
		sink = io.Discard
	}
	out := formatter(sink, o.Format)
	l.queue = newLogQueue(out, logLines, dropAlert(out))
	l.level.Store(int32(levelNormal + o.Louder))
	l.Logger = zerolog.New(l.queue).Hook(filter{&l.level}, timestamp{})
	return l, nil
}

// Reopen opens the log file anew, after somebody has moved it away. Without a log file it does nothing.
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

// Close writes what is queued and ends the log. A reader that does not read cannot hold it up for long.
func (l *Log) Close() {
	done := make(chan struct{})
	go l.drain(done)
	select {
	case <-done:
		if l.file != nil {
			l.file.close()
		}
	case <-time.After(logCloseTime): // only a stuck sink gets here; the process ends next
	}
}

func (l *Log) drain(done chan<- struct{}) {
	l.queue.Close()
	close(done)
}

// formatter is what turns the queued JSON events into lines, on the goroutine that writes them.
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

// dropAlert reports dropped lines, straight to the writer: the queue is what was full.
func dropAlert(out io.Writer) func(lines int) {
	return func(missed int) {
		fmt.Fprintf(out, `{"level":"warn","time":"%s","lines":%d,"message":"log lines dropped: the log is not read as fast as it is written"}`+"\n",
			time.Now().Format(jsonTime), missed)
	}
}

// timestamp gives every line its time in milliseconds; zerolog's own would need a global setting for that.
type timestamp struct{}

// Run implements zerolog.Hook.
func (timestamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().Format(jsonTime))
}

// onlyWriter hides that a writer can be closed: the log's owner closes its file, nobody closes stderr.
type onlyWriter struct{ io.Writer }

// IsTerminal tells whether w is a file that is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
