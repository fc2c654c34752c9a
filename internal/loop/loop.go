package loop

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Handler handles the events of a registered descriptor.
type Handler interface {
	// OnReady is called on the loop's goroutine when the descriptor is ready for ev.
	OnReady(ev Events)
}

// Flusher collects output during a turn.
type Flusher interface {
	// Flush is called once at the end of the turn in which Mark was called. It may call Mark again.
	Flush()
}

// Loop is one event loop. Its methods may only be called on its own goroutine, or before Run, except Post.
type Loop struct {
	poll    poller
	slots   []*[slotsEach]slot // by file descriptor; see slot
	closing []int              // descriptors to be closed at the end of the turn
	marked  []Flusher          // flushed at the end of this turn
	next    []Flusher          // flushed at the end of the next turn
	late    []Flusher          // flushed when there is little to do (MarkLate)
	held    int                // the number of turns for which late has been held back
	timers  timerHeap
	mail    mailbox
	outbox  []outbox // by destination loop; sent at the end of the turn
	readBuf []byte
	base    time.Time // the zero of now; it moves forward when the clock stands still
	now     int64     // the time of this turn, see Now
	stopped bool
	yields  yielding
	inputs  Free[input] // for streams that hold something
	outputs Free[output]

	Pool  Pool  // the buffers of this loop
	Turns int64 // the number of turns so far
	busy  busy
}

type slot struct {
	h   Handler
	gen uint32
}

// slotsEach is how many slots are made at a time. They stay where they are, so a table that grows leaves none behind.
const slotsEach = 256

func (l *Loop) slot(fd int) *slot { return &l.slots[fd/slotsEach][fd%slotsEach] }

// ReadBufferSize is the size in bytes of the one buffer into which all descriptors of a loop are read.
const ReadBufferSize = 256 << 10

// New returns a loop on which descriptors can be registered. Run runs it; a loop that never runs must be discarded
// (Discard).
func New() (*Loop, error) {
	l := &Loop{base: time.Now(), readBuf: make([]byte, ReadBufferSize)}
	spare := &Spare{}
	l.inputs, l.outputs = NewFree[input](spare), NewFree[output](spare)
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

// Run runs the loop on the calling goroutine until Stop, and then releases its resources. The goroutine is not locked
// to its OS thread: the Go scheduler preempts every busy goroutine about every 10 ms, and to resume a locked one costs
// two thread switches.
func (l *Loop) Run() error {
	defer l.Discard()
	l.tick()
	for !l.stopped {
		n, err := l.poll.wait(l.patience())
		if err != nil {
			return fmt.Errorf("event loop: %w", err)
		}
		l.tick()
		l.turn(n)
		l.yield(n)
	}
	return nil
}

// turn carries out one turn. events is the number of events in l.poll.
func (l *Loop) turn(events int) {
	for i := range events {
		l.dispatch(&l.poll.events[i])
	}
	l.mail.deliver()
	l.timers.fire(l.now)
	l.endTurn(events)
}

// Step carries out one turn of a loop that does not Run, and returns the number of events. It does not wait for
// events. now is the time of the turn, and must not go back. Tests use Step to control the clock of a loop.
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

// Advance moves the clock forward by d, within a turn. With it, tests have a deadline pass at a moment of their
// choice. It must be called on the loop.
func (l *Loop) Advance(d time.Duration) {
	l.base = l.base.Add(-d)
	l.now += int64(d)
}

// Now returns the time of this turn, in nanoseconds since New. It never goes back. Time during which the process was
// suspended or got no processor is not counted (tick).
func (l *Loop) Now() int64 { return l.now }

// BootTime returns the time by CLOCK_BOOTTIME, which goes on while the machine sleeps. It costs a system call.
func BootTime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		panic("the kernel has no CLOCK_BOOTTIME: " + err.Error())
	}
	return time.Duration(now.Nano())
}

// Yielding has the loop let others run before it waits.
func (l *Loop) Yielding() { l.yields.on = true }

// Yields reports whether the loop does so.
func (l *Loop) Yields() bool { return l.yields.on }

// yield is the end of a turn with so many events.
func (l *Loop) yield(events int) {
	if !l.yields.due(l.now, events) {
		return
	}
	before := time.Since(l.base)
	_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	after := time.Since(l.base)
	l.yields.took(int64(after), int64(after-before))
}

// Spent returns how long this turn has taken so far.
func (l *Loop) Spent() time.Duration { return max(0, time.Since(l.base)-time.Duration(l.now)) }

// tick begins a turn and reads the clock. If the last turn took very long, the process was suspended or got no
// processor. In this case the loop's clock stands still for that time. Otherwise deadlines would pass although the
// answers may already wait in the sockets.
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

// stall is the length of a turn from which tick assumes that the process was held up.
const stall = 100 * time.Millisecond

func (l *Loop) dispatch(ev *unix.EpollEvent) {
	s := l.slot(int(ev.Fd))
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
	if ev.Events&unix.EPOLLRDHUP != 0 {
		e |= Ended
	}
	s.h.OnReady(e)
}

// endTurn flushes everything that was marked, even during the flushing. Then it sends tasks to other loops and closes
// descriptors. events is the number of events in this turn.
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

// endHold marks what was marked late if there is little to do: the turn had at most one event. It also does so after
// maxHeld turns.
func (l *Loop) endHold(events int) {
	if l.held++; events > 1 && l.held <= maxHeld {
		return
	}
	l.marked = append(l.marked, l.late...)
	clear(l.late)
	l.late = l.late[:0]
	l.held = 0
}

// maxHeld is the number of turns for which late output may be held back.
const maxHeld = 4

// MarkLate flushes f when the loop runs out of work, or after a few turns. f expects more output soon, which is then
// sent together. f may also be marked, so it must tolerate being flushed twice.
func (l *Loop) MarkLate(f Flusher) { l.late = append(l.late, f) }

// Mark flushes f at the end of this turn. The caller must not mark it twice.
func (l *Loop) Mark(f Flusher) { l.marked = append(l.marked, f) }

// MarkNext flushes f at the end of the next turn, which begins at once. f has more to do, but others come first. The
// caller must not mark it twice.
func (l *Loop) MarkNext(f Flusher) { l.next = append(l.next, f) }

// Register watches fd, which must be non-blocking, for ev, and passes its events to h.
func (l *Loop) Register(fd int, ev Events, h Handler) error {
	for fd >= len(l.slots)*slotsEach {
		l.slots = append(l.slots, &[slotsEach]slot{})
	}
	s := l.slot(fd)
	s.h = h
	s.gen++
	return l.poll.ctl(unix.EPOLL_CTL_ADD, fd, s.gen, ev)
}

// Watch changes what a registered fd is watched for. Errors and hang-ups are always reported (as Readable).
func (l *Loop) Watch(fd int, ev Events) {
	// The call fails only if the kernel has no memory or fd is wrong. Then the next read or write fails as well.
	_ = l.poll.ctl(unix.EPOLL_CTL_MOD, fd, l.slot(fd).gen, ev)
}

// Unwatch stops watching fd for good, also for errors and hang-ups.
func (l *Loop) Unwatch(fd int) { _ = l.poll.ctl(unix.EPOLL_CTL_DEL, fd, 0, 0) }

// Close stops watching fd at once and closes it at the end of the turn.
func (l *Loop) Close(fd int) {
	s := l.slot(fd)
	s.h, s.gen = nil, s.gen+1
	l.closing = append(l.closing, fd)
}

// TakeClosing returns the descriptors that were to be closed at the end of the turn. The caller closes them, in any
// goroutine: until then their numbers stand for nothing else. Those stay that are to be reset. That must not be late:
// a server may have to forget who waits there before anything else reaches it.
func (l *Loop) TakeClosing() (taken []int) {
	stay := 0
	for _, fd := range l.closing {
		if how, err := unix.GetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER); err == nil && how.Onoff != 0 {
			l.closing[stay] = fd
			stay++
		} else {
			taken = append(taken, fd)
		}
	}
	l.closing = l.closing[:stay]
	return taken
}

// Trim removes what was kept for later use, and not needed since the last call.
func (l *Loop) Trim() {
	l.Pool.Trim()
	l.inputs.Trim()
	l.outputs.Trim()
}

// Stop ends Run after the current turn. Other goroutines must post a task that calls it.
func (l *Loop) Stop() { l.stopped = true }

// TakeReadBuffer returns the read buffer and replaces it by another one. The caller owns the result, and returns it to
// Pool. This avoids copying a large message that has arrived in part.
func (l *Loop) TakeReadBuffer() []byte {
	b := l.readBuf
	l.readBuf = l.Pool.Get(ReadBufferSize)[:ReadBufferSize]
	return b
}

// patience returns how long the next wait may last: until the first timer, for ever (-1), or not at all (0).
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

// Discard closes the descriptors that a loop has, and drops tasks for it. Run ends with it, else it must be called.
func (l *Loop) Discard() {
	l.mail.close()
	for fd := range len(l.slots) * slotsEach {
		if s := l.slot(fd); s.h != nil {
			unix.Close(fd)
			s.h = nil
		}
	}
	for _, fd := range l.closing {
		unix.Close(fd)
	}
	l.closing = nil
	l.poll.close()
}

// outbox collects the tasks that a turn sends to one other loop.
type outbox struct {
	to    *Loop
	tasks []Task
}

// Busy returns the figures as they were at the beginning of this turn.
func (l *Loop) Busy() Busy {
	if l.now-l.busy.opened >= busyWindow {
		l.busy.turn(l.now)
	}
	longest := max(l.busy.longest, l.busy.before)
	return Busy{Turns: l.Turns, Total: time.Duration(l.busy.total), Longest: time.Duration(longest)}
}

// Post makes the loop run t. It may be called from any goroutine. The tasks of one goroutine run in the order of their
// posting. After the end of the loop they are dropped.
func (l *Loop) Post(t Task) { l.mail.put(t) }

// SendTo posts t to another loop at the end of this turn, together with all other tasks for that loop.
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

// Set makes t fire after d. If t is set already, it is set anew.
func (l *Loop) Set(t *Timer, d time.Duration) { l.SetAt(t, l.now+int64(d)) }

// SetAt makes t fire when Now has reached when, but not in this turn. If t is set already, it is set anew.
func (l *Loop) SetAt(t *Timer, when int64) {
	l.Unset(t)
	t.when = max(when, l.now+1)
	l.timers.push(t)
}

// Unset stops t, if it is set.
func (l *Loop) Unset(t *Timer) {
	if t.index > 0 {
		l.timers.remove(t.index - 1)
	}
}
