package loop

import (
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Task is work posted to a loop.
type Task interface {
	// Run is called on the thread of the loop that the task was posted to.
	Run()
}

// TaskFunc makes a function a Task.
type TaskFunc func()

// Run calls f.
func (f TaskFunc) Run() { f() }

// mailbox takes tasks from other threads: a slice under a lock, swapped out by the loop, and an eventfd to wake it.
type mailbox struct {
	fd     int
	filled atomic.Bool // tasks is not empty; set before the eventfd is written
	mu     sync.Mutex
	tasks  []Task
	spare  []Task // the loop's: the slice it swaps in
	closed bool
}

func (m *mailbox) open() error {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	m.fd = fd
	return os.NewSyscallError("eventfd", err)
}

// Post hands t to the loop. Safe from any goroutine. Tasks of one poster run in the order of posting; after the end of
// the loop they are dropped.
func (l *Loop) Post(t Task) { l.mail.put(t) }

func (m *mailbox) put(ts ...Task) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.tasks = append(m.tasks, ts...)
	if !m.filled.Swap(true) {
		// Under the lock, so that the descriptor is still ours.
		one := [8]byte{1}
		_, _ = unix.Write(m.fd, one[:]) // fails only when the counter is full, and then it is readable anyway
	}
}

// close ends the taking of tasks: the eventfd is about to be closed, and its number may come to mean something else.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.tasks = nil
}

func (m *mailbox) waiting() bool { return m.filled.Load() }

// OnReady drains the eventfd; deliver, which follows in every turn, takes the tasks.
func (m *mailbox) OnReady(Events) {
	var b [8]byte
	_, _ = Read(m.fd, b[:])
}

func (m *mailbox) deliver() {
	if !m.filled.Load() {
		return
	}
	m.mu.Lock()
	tasks := m.tasks
	m.tasks = m.spare[:0]
	m.filled.Store(false)
	m.mu.Unlock()
	for i, t := range tasks {
		tasks[i] = nil
		t.Run()
	}
	m.spare = tasks[:0]
}

// outbox collects the tasks of one turn for one other loop.
type outbox struct {
	to    *Loop
	tasks []Task
}

// SendTo posts t to another loop at the end of this turn, together with all else that goes there.
func (l *Loop) SendTo(to *Loop, t Task) {
	for i := range l.outbox {
		if l.outbox[i].to == to {
			l.outbox[i].tasks = append(l.outbox[i].tasks, t)
			return
		}
	}
	l.outbox = append(l.outbox, outbox{to: to, tasks: []Task{t}})
}

func (o *outbox) send() {
	if len(o.tasks) > 0 {
		o.to.mail.put(o.tasks...)
		clear(o.tasks)
		o.tasks = o.tasks[:0]
	}
}
