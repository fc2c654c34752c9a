package testkit

import (
	"bytes"
	"sync"
)

// outputKept bounds what is kept of an output; the lines are counted all the same.
const outputKept = 1 << 20

// Output collects what is written, such as a log, and may be read meanwhile.
type Output struct {
	mu    sync.Mutex
	text  []byte
	lines int
}

// Write takes the next piece.
func (o *Output) Write(piece []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines += bytes.Count(piece, []byte("\n"))
	if room := outputKept - len(o.text); room > 0 {
		o.text = append(o.text, piece[:min(room, len(piece))]...)
	}
	return len(piece), nil
}

// String is what was written so far, up to 1 MiB.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// Lines is the number of lines that were written so far.
func (o *Output) Lines() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines
}

// tail is as much of the end as a reader of a failed test wants to see.
func (o *Output) tail() string {
	text := o.String()
	const shown = 4000
	if len(text) > shown {
		return "... " + text[len(text)-shown:]
	}
	return text
}
