package loop

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Events is what a descriptor is ready for, or is to be watched for.
type Events uint32

// Readable also stands for end of file, reset and error: a read tells which.
const (
	Readable Events = 1 << iota
	Writable
)

// Handler owns a registered descriptor.
type Handler interface {
	// OnReady is called on the loop's thread when the descriptor is ready for ev.
	OnReady(ev Events)
}

// Flusher is somebody with output collected during the turn.
type Flusher interface {
	// Flush is called once at the end of the turn in which Mark was called. It may mark again.
	Flush()
}

// Loop is one event loop. Its methods are called on its own thread only (or before Run), but for Post and Stop.
type Loop struct {
	poll    poller
	slots   []slot // indexed by file descriptor
	closing []int  // to be closed at the end of the turn
	marked  []Flusher
	next    []Flusher // to be marked in the next turn
	late    []Flusher // marked late
	held    int       // turns that late has been held back for
	timers  timerHeap
	mail    mailbox
	outbox  []outbox // per destination loop, sent at the end of the turn
	readBuf []byte
	base    time.Time
	now     int64
	stopped bool

	Pool  Pool  // buffers of this loop
	Turns int64 // turns done so far, for statistics
	busy  busy
}

type slot struct {
	h   Handler
	gen uint32
}

// ReadBufferSize is the size of the one buffer that all descriptors of a loop are read into.
const ReadBufferSize = 256 << 10

// New returns a loop that is ready for registrations; Run starts it.
func New() (*Loop, error) {
	l := &Loop{base: time.Now(), readBuf: make([]byte, ReadBufferSize)}
	if err := l.poll.open(); err != nil {
		return nil, err
	}
	if err := l.mail.open(); err != nil {
		l.poll.close()
		return nil, err
	}
	if err := l.Register(l.mail.fd, Readable, &l.mail); err != nil {
		l.poll.close()
		return nil, err
	}
	return l, nil
}

// Run turns the loop until Stop, on the calling goroutine. The goroutine is not locked to its OS thread: the scheduler
// preempts every busy goroutine ten times in a tenth of a second, and to let a locked one go on costs two thread switches.
func (l *Loop) Run() error {
	defer l.release()
	l.tick()
	for !l.stopped {
		n, err := l.poll.wait(l.patience())
		if err != nil {
			return fmt.Errorf("event loop: %w", err)
		}
		l.tick()
		l.turn(n)
	}
	return nil
}

// turn does what a turn with so many events has to do.
func (l *Loop) turn(events int) {
	for i := range events {
		l.dispatch(&l.poll.events[i])
	}
	l.mail.deliver()
	l.timers.fire(l.now)
	l.endTurn(events)
}

// Step is one turn of a loop that does not Run, at the time now, which must not go back: it takes what has come, waits for
// nothing, and returns the number of events. Whoever turns a loop in this way has its clock in his hands, so that what
// depends on time can be tested without waiting. Discard ends it.
func (l *Loop) Step(now int64) (events int, err error) {
	n, err := l.poll.wait(0)
	if err != nil {
		return 0, fmt.Errorf("event loop: %w", err)
	}
	l.now = now
	l.Turns++
	l.turn(n)
	return n, nil
}

// Now is the time of this turn in nanoseconds since the loop was made. It never goes back, and does not count the time
// that the process was held up in.
func (l *Loop) Now() int64 { return l.now }

// tick begins a turn: it reads the clock. When the process itself has been held up during the last turn (stopped, or short
// of processor time), the loop's time stands still for as long: it is no fault of those whose deadlines passed meanwhile,
// and their answers may lie in the sockets.
func (l *Loop) tick() {
	now := time.Since(l.base)
	if held := now - time.Duration(l.now); held > stall && l.poll.prompt {
		l.base = l.base.Add(held)
		now -= held
	}
	l.now = int64(now)
	l.Turns++
	l.marked = append(l.marked, l.next...)
	clear(l.next)
	l.next = l.next[:0]
}

// stall is a turn's length from which the process is taken to have been held up.
const stall = 100 * time.Millisecond

func (l *Loop) dispatch(ev *unix.EpollEvent) {
	s := &l.slots[ev.Fd]
	if s.h == nil || s.gen != uint32(ev.Pad) {
		return // closed earlier in this turn
	}
	var e Events
	if ev.Events&^unix.EPOLLOUT != 0 {
		e = Readable
	}
	if ev.Events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		e |= Writable
	}
	s.h.OnReady(e)
}

// endTurn flushes what was marked, by whomever and however late in the turn, then hands over and closes.
func (l *Loop) endTurn(events int) {
	if len(l.late) > 0 {
		l.endHold(events)
	}
	for i := 0; i < len(l.marked); i++ {
		f := l.marked[i]
		l.marked[i] = nil
		f.Flush()
	}
	l.marked = l.marked[:0]
	for i := range l.outbox {
		l.outbox[i].send()
	}
	for _, fd := range l.closing {
		unix.Close(fd)
	}
	l.closing = l.closing[:0]
	l.busy.note(l.now, int64(time.Since(l.base))-l.now)
}

// endHold marks what was marked late when the turn had so few events that the next may bring none, or after some turns.
func (l *Loop) endHold(events int) {
	if l.held++; events > 1 && l.held <= maxHeld {
		return
	}
	l.marked = append(l.marked, l.late...)
	clear(l.late)
	l.late = l.late[:0]
	l.held = 0
}

// maxHeld is the number of turns that late output may be held back.
const maxHeld = 4

// MarkLate has f flushed when the loop runs out of work, or a few turns later: more of its output is about to come, and
// is then sent with it. f may be marked late and marked; it has to bear being flushed twice.
func (l *Loop) MarkLate(f Flusher) { l.late = append(l.late, f) }

// Mark has f flushed at the end of this turn. The caller sees to it that f is marked once.
func (l *Loop) Mark(f Flusher) { l.marked = append(l.marked, f) }

// MarkNext has f flushed at the end of the next turn, which begins at once: f has more to do, and others are to come first. The
// caller sees to it that f is marked once.
func (l *Loop) MarkNext(f Flusher) { l.next = append(l.next, f) }

// Register watches fd, which must be non-blocking, for ev and hands its events to h.
func (l *Loop) Register(fd int, ev Events, h Handler) error {
	for fd >= len(l.slots) {
		l.slots = append(l.slots, slot{})
	}
	s := &l.slots[fd]
	s.h = h
	s.gen++
	return l.poll.ctl(unix.EPOLL_CTL_ADD, fd, s.gen, ev)
}

// Watch changes what a registered fd is watched for. Errors and hang-ups are always reported (as Readable).
func (l *Loop) Watch(fd int, ev Events) {
	// The call can only fail for want of kernel memory or a wrong fd; then the next read or write shows it.
	_ = l.poll.ctl(unix.EPOLL_CTL_MOD, fd, l.slots[fd].gen, ev)
}

// Unwatch stops watching fd even for errors and hang-ups, for good.
func (l *Loop) Unwatch(fd int) { _ = l.poll.ctl(unix.EPOLL_CTL_DEL, fd, 0, 0) }

// Close stops watching fd at once and closes it at the end of the turn.
func (l *Loop) Close(fd int) {
	l.slots[fd].h = nil
	l.slots[fd].gen++
	l.closing = append(l.closing, fd)
}

// Stop ends Run after the current turn. From other threads use Post.
func (l *Loop) Stop() { l.stopped = true }

// ReadBuffer is the scratch space for one read; its bytes are valid until the handler returns.
func (l *Loop) ReadBuffer() []byte { return l.readBuf }

// TakeReadBuffer gives the read buffer away, to be returned to Pool by its new owner, and replaces it.
// It spares the copy of a large message that has arrived in part.
func (l *Loop) TakeReadBuffer() []byte {
	b := l.readBuf
	l.readBuf = l.Pool.Get(ReadBufferSize)[:ReadBufferSize]
	return b
}

// patience is how long the next wait may last: until the first timer, for ever (-1), or not at all.
func (l *Loop) patience() time.Duration {
	if l.mail.waiting() || len(l.late) > 0 || len(l.next) > 0 {
		return 0
	}
	when, ok := l.timers.first()
	if !ok {
		return -1
	}
	return time.Duration(max(0, when-l.now))
}

// Discard frees a loop that was never run.
func (l *Loop) Discard() { l.release() }

// release closes every descriptor that is still registered or was to be closed.
func (l *Loop) release() {
	l.mail.close()
	for fd := range l.slots {
		if l.slots[fd].h != nil {
			unix.Close(fd)
			l.slots[fd].h = nil
		}
	}
	for _, fd := range l.closing {
		unix.Close(fd)
	}
	l.closing = nil
	l.poll.close()
}
