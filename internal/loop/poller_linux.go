package loop

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller is epoll, level-triggered. Another system's poller (kqueue) has the same five methods in a file of its own.
type poller struct {
	fd     int
	events [256]unix.EpollEvent
	busy   bool // the last wait brought something
	prompt bool // the last wait took a millisecond at most
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
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, op, fd, &e))
}

// wait fills p.events and returns how many there are. patience < 0: wait without limit.
//
// While there is traffic the first wait is a raw system call of at most a millisecond, which the Go scheduler does
// not hear of: under load an event arrives within it, and leaving and entering the scheduler costs more than a short
// wait. (Its price: a stop of the world may be held up for that millisecond.) Only when nothing came is the loop
// declared idle and the wait made known to the scheduler.
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
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)), uintptr(short), 0, 0)
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
