package loop

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller is epoll, level-triggered. A poller for another system (such as kqueue) would have the same methods, in a
// file of its own.
type poller struct {
	fd     int
	events [256]unix.EpollEvent
	busy   bool // the last wait returned events
	prompt bool // the last wait took at most a millisecond
}

func (p *poller) open() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	p.fd = fd
	return os.NewSyscallError("epoll_create1", err)
}

func (p *poller) close() { unix.Close(p.fd) }

func (p *poller) ctl(op, fd int, gen uint32, ev Events) error {
	e := unix.EpollEvent{Fd: int32(fd), Pad: int32(gen)}
	if ev&Readable != 0 {
		e.Events |= unix.EPOLLIN
	}
	if ev&Writable != 0 {
		e.Events |= unix.EPOLLOUT
	}
	if ev&Ended != 0 {
		e.Events |= unix.EPOLLRDHUP
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, op, fd, &e))
}

// wait fills p.events and returns their number. It waits as long as patience; a negative patience has no limit.
//
// While there is traffic, the first wait is a raw system call of at most a millisecond, of which the Go scheduler is
// not told. Under load an event arrives in this time, and telling the scheduler costs more than a short wait. The
// price is that the garbage collector's stop of the world may be delayed by a millisecond. If no event arrives, a
// second wait tells the scheduler.
func (p *poller) wait(patience time.Duration) (int, error) {
	ms := -1
	if patience >= 0 {
		ms = int((patience + time.Millisecond - 1) / time.Millisecond)
	}
	if p.busy || ms == 0 {
		short := 1
		if ms == 0 {
			short = 0
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd),
			uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)), uintptr(short), 0, 0)
		p.prompt = true
		if errno == 0 && n > 0 {
			return int(n), nil
		}
		p.busy = errno == unix.EINTR
		if ms == 0 || p.busy {
			return 0, nil
		}
	}
	p.prompt = false
	n, err := unix.EpollWait(p.fd, p.events[:], ms)
	p.busy = n > 0
	if err == unix.EINTR {
		return 0, nil
	}
	return n, os.NewSyscallError("epoll_wait", err)
}
