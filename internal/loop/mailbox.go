package loop

import (
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Task is work posted to a loop.
type Task interface {
	// Run is called on the goroutine of the loop to which the task was posted.
	Run()
}

// TaskFunc is a function as a Task.
type TaskFunc func()

// Run calls f.
func (f TaskFunc) Run() { f() }

// mailbox takes tasks from other goroutines: a slice under a mutex, which the loop swaps for an empty one, and an
// eventfd that wakes the loop.
type mailbox struct {
	fd     int
	filled atomic.Bool // tasks is not empty; set before the eventfd is written
	mu     sync.Mutex  // guards tasks and closed
	tasks  []Task
	spare  []Task // the empty slice for the next swap; only the loop touches it
	closed bool
}

func (m *mailbox) open() error {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	m.fd = fd
	return os.NewSyscallError("eventfd", err)
}

func (m *mailbox) put(ts ...Task) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.tasks = append(m.tasks, ts...)
	if !m.filled.Swap(true) {
		// The mutex makes sure that the descriptor is not closed yet.
		one := [8]byte{1}
		_, _ = unix.Write(m.fd, one[:]) // fails only if the counter is full, and then it is readable anyway
	}
}

// close makes put drop all further tasks. The eventfd is about to be closed, and its number may be reused.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.tasks = nil
}

func (m *mailbox) waiting() bool { return m.filled.Load() }

// OnReady resets the eventfd. The tasks themselves are run by deliver, which follows in each turn.
func (m *mailbox) OnReady(Events) {
	var b [8]byte
	_, _ = Read(m.fd, b[:])
}

// deliver runs the tasks that have been posted. Those that they post themselves run in the next turn.
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
