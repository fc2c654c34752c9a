package service

import (
	"bytes"
	"io"
	"sync/atomic"
)

// logQueue is a writer that never blocks: lines wait in a channel of fixed size for the one goroutine that writes them.
// When it is full, lines are dropped and counted. (zerolog's diode does the same, but either polls, twenty wake-ups a
// second in a process that is otherwise asleep, or can miss a wake-up.)
type logQueue struct {
	lines   chan []byte
	dropped atomic.Int64
	stop    chan struct{}
	done    chan struct{}
}

// newLogQueue starts the goroutine that writes to out. alert is called on it when lines were dropped since the last one.
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

// Close writes what is queued and ends the goroutine. What is written later stays in the queue for ever.
func (q *logQueue) Close() {
	close(q.stop)
	<-q.done
}

// run is the goroutine of the queue.
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
