package proxy

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// acceptBurst is how many connections are accepted from a listener in one turn.
const acceptBurst = 64

// acceptRest is how long a listener pauses when connections wait that cannot be accepted.
const acceptRest = 100 * time.Millisecond

// OnReady accepts what is waiting.
func (ln *listener) OnReady(loop.Events) {
	for range acceptBurst {
		if ln.end != nil && ln.svc.shaking.Load() >= maxShaking {
			ln.rest(manyHandshakes)
			return
		}
		fd, err := loop.Accept(ln.fd)
		switch {
		case err == nil:
			ln.svc.keepReserve()
			ln.svc.admit(ln, fd)
		case errors.Is(err, unix.ECONNABORTED), errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return
		case (errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)) && ln.turnAway():
		default:
			ln.rest(cannotAccept)
			return
		}
	}
}

// Why clients are kept waiting.
const (
	cannotAccept   = "clients are waiting, but cannot be accepted, for want of file descriptors or of memory"
	manyHandshakes = "clients are waiting, because many TLS handshakes are under way"
)

// rest pauses the listener. Otherwise it would be reported as ready all the time, and the loop would spin.
func (ln *listener) rest(why string) {
	ln.svc.group.Complain(why)
	ln.sh.L.Watch(ln.fd, 0)
	ln.sh.L.Set(ln.wake, acceptRest)
}

// resume ends the pause.
func (ln *listener) resume() {
	ln.svc.keepReserve()
	ln.sh.L.Watch(ln.fd, loop.Readable)
}

// close stops accepting.
func (ln *listener) close() {
	ln.sh.L.Unset(ln.wake)
	ln.sh.L.Close(ln.fd)
}

// removeSocket removes the file of a unix socket if it is this listener's own. It is not if another process has bound
// the path anew, as a new magent does while this one drains.
func (ln *listener) removeSocket() {
	if !ln.given && !ln.foreign {
		ln.file.Remove()
	}
}

// tooMany is the line of memcached, and tooManyRedis that of Redis.
var (
	tooMany      = []byte("ERROR Too many open connections\r\n")
	tooManyRedis = []byte("-ERR max number of clients reached\r\n")
)

// admit gives a client to a loop, or refuses it.
func (svc *Service) admit(ln *listener, fd int) {
	if svc.group.Clients.Load() >= int64(svc.cfg.MaxClients) {
		ln.refuse(fd)
		svc.group.Complain("more clients than --max-clients allows: refused")
		return
	}
	if most := svc.cfgs[ln.pool].ClientConnections; most > 0 && svc.group.ByPool[ln.pool].Load() >= int64(most) {
		ln.refuse(fd)
		svc.group.Complain("more clients than client_connections of their pool allows: refused")
		return
	}
	sh := svc.group.Admit(ln.pool)
	if ln.end != nil {
		ln.secure(sh, fd)
		return
	}
	if sh == ln.sh {
		sh.Open(fd, ln.pool)
		return
	}
	pool := ln.pool
	ln.sh.L.SendTo(sh.L, loop.TaskFunc(func() { sh.Open(fd, pool) }))
}

func (ln *listener) refuse(fd int) {
	line := tooMany
	if ln.svc.cfgs[ln.pool].Redis {
		line = tooManyRedis
	}
	if ln.end == nil {
		_, _ = loop.Send(fd, line)
	}
	unix.Close(fd)
	ln.sh.Pools[ln.pool].Count.RejectedConnections++
}

// turnAway tells a client that no descriptor is left: it gives up the reserve, accepts, sends the line, and closes. It
// returns false if the reserve is gone, because another thread was faster to use it.
func (ln *listener) turnAway() bool {
	svc := ln.svc
	if svc.reserveFD < 0 {
		return false
	}
	svc.group.Complain("no file descriptor left (RLIMIT_NOFILE): a client is refused")
	unix.Close(svc.reserveFD)
	if fd, err := loop.Accept(ln.fd); err == nil {
		ln.refuse(fd)
	}
	svc.reserveFD = openReserve()
	return svc.reserveFD >= 0
}

// keepReserve opens a new reserve where there is none.
func (svc *Service) keepReserve() {
	if svc.reserveFD < 0 {
		svc.reserveFD = openReserve()
	}
}

// openReserve opens a descriptor that can be given up when no other is left.
func openReserve() int {
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}
