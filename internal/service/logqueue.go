package service

import (
	"bytes"
	"io"
	"sync/atomic"
)

// logQueue is a writer that never blocks. Lines wait in a channel of fixed size for the goroutine that writes them.
// If it is full, lines are dropped and counted. (zerolog's diode is similar. But it either polls, with twenty
// wake-ups per second in an idle process, or can miss a wake-up.)
type logQueue struct {
	lines   chan []byte
	dropped atomic.Int64
	stop    chan struct{}
	done    chan struct{}
}

// newLogQueue starts the goroutine that writes to out. That goroutine calls alert if lines were
// dropped since the last call.
func newLogQueue(out io.Writer, size int, alert func(lines int)) *logQueue {
	q := &logQueue{lines: make(chan []byte, size), stop: make(chan struct{}), done: make(chan struct{})}
	go q.run(out, alert)
	return q
}

// Write queues a copy of line.
func (q *logQueue) Write(line []byte) (int, error) {
	select {
	case q.lines <- bytes.Clone(line):
	default:
		q.dropped.Add(1)
	}
	return len(line), nil
}

// Close writes what is queued and ends the goroutine. Lines that are written later are lost.
func (q *logQueue) Close() {
	close(q.stop)
	<-q.done
}

// run is the queue's goroutine.
func (q *logQueue) run(out io.Writer, alert func(lines int)) {
	defer close(q.done)
	for {
		select {
		case line := <-q.lines:
			q.write(out, line, alert)
		case <-q.stop:
			for {
				select {
				case line := <-q.lines:
					q.write(out, line, alert)
				default:
					return
				}
			}
		}
	}
}

func (q *logQueue) write(out io.Writer, line []byte, alert func(lines int)) {
	_, _ = out.Write(line) // there is nobody to tell
	if n := q.dropped.Swap(0); n > 0 {
		alert(int(n))
	}
}
