package harness

import (
	"bytes"
	"sync"
)

// logKept bounds the bytes that are kept of a log. Further lines are only counted.
const logKept = 1 << 20

// logBuffer collects the output of a process.
type logBuffer struct {
	mu      sync.Mutex
	text    []byte
	newline int
}

// Write implements io.Writer.
func (l *logBuffer) Write(piece []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newline += bytes.Count(piece, []byte("\n"))
	if room := logKept - len(l.text); room > 0 {
		l.text = append(l.text, piece[:min(room, len(piece))]...)
	}
	return len(piece), nil
}

// String returns the log so far.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func (l *logBuffer) lines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.newline
}

// tail returns the end of the log, for the output of a failed test.
func (l *logBuffer) tail() string {
	text := l.String()
	const shown = 4000
	if len(text) > shown {
		return "... " + text[len(text)-shown:]
	}
	return text
}
