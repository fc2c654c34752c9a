package session

import (
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
)

// checkHangup looks whether a client that is not being read has gone: a reset shows in the socket's error, and no
// other way while reading is off.
func (s *Session) checkHangup() {
	fd := s.s.FD()
	if loop.SocketError(fd) != nil {
		s.fail()
		return
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: 0}}
	n, _ := unix.Poll(fds, 0)
	switch {
	case n <= 0 || fds[0].Revents&(unix.POLLERR|unix.POLLHUP) == 0:
	case loop.IsUnix(fd): // the other end hangs up by closing it, whereas of a TCP connection that is only the end of input
		s.hangup()
	default:
		s.fail()
	}
}

// hangup goes on without the client: nothing is sent any more, but what it has sent is served, as with memcached.
func (s *Session) hangup() {
	s.peer = gone
	s.s.Detach()
	s.scheduleFlush()
}

// lingerTime is how long the end of a client's input is waited for.
const lingerTime = time.Second

// leave ends a session that has nothing left to do. Were the socket closed with input in it, TCP would answer that with a
// reset, by which the client may lose replies that it has not read yet. So its end is waited for, for a while.
func (s *Session) leave() {
	fd := s.s.FD()
	unread, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
	if s.peer != there || err != nil || unread == 0 || unix.Shutdown(fd, unix.SHUT_WR) != nil {
		s.close()
		return
	}
	s.phase = s.phase.next(outputEnds)
	s.linger = loop.NewTimer(s.fail)
	s.sh.L.Set(s.linger, lingerTime)
	s.s.Reading(true)
}

// discard reads to the end.
func (s *Session) discard() {
	data, err := s.s.Read(0)
	if err != nil {
		s.fail()
	} else if len(data) > 0 {
		s.keep(nil)
	}
}

// close forgets the client. Calls under way go on without it, and count until they are answered.
func (s *Session) close() {
	s.phase = s.phase.next(socketCloses)
	for c := s.first; c != nil; {
		next := c.Next
		c.Next = nil
		if c.Done {
			s.forget(c)
		}
		c = next
	}
	s.first, s.last = nil, nil
	if s.redis != nil {
		s.endMulti()
	}
	s.sh.Assembly -= s.kept
	s.sh.Unsent -= s.unsent
	if s.wrong {
		s.pool.Count.ClientErrors++
	} else {
		s.pool.Count.ClientEOFs++
	}
	if s.linger != nil {
		s.sh.L.Unset(s.linger)
	}
	s.s.Close()
	s.sh.closed(s)
}
