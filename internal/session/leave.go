package session

import (
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/lifecycle"
	"magent/internal/loop"
)

// checkHangup finds out whether a client has gone that is not being read. While reading is off, a reset shows only in
// the socket's error.
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
	// On a unix socket this means that the other end was closed. On TCP it is only the end of input.
	case loop.IsUnix(fd) && !s.waits():
		s.hangup()
	default:
		s.fail()
	}
}

// hangup continues without the client. Nothing is sent any more, but what it has sent is served, as in memcached.
func (s *Session) hangup() {
	s.peer = lifecycle.Gone
	s.s.Detach()
	s.dropDue()
	s.scheduleFlush()
}

// lingerTime limits how long the end of a client's input is waited for.
const lingerTime = time.Second

// leave ends a session that has nothing left to do. If a socket is closed while it has unread input, TCP sends a
// reset, and the client may lose replies that it has not read yet. So the end of the input is waited for, for a while.
func (s *Session) leave() {
	fd := s.s.FD()
	unread, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
	if s.peer != lifecycle.There || err != nil || unread == 0 || unix.Shutdown(fd, unix.SHUT_WR) != nil {
		s.close()
		return
	}
	s.phase = s.phase.Next(lifecycle.OutputEnds)
	s.extra().linger = loop.NewTimer(s.fail)
	s.sh.L.Set(s.more.linger, lingerTime)
	s.s.Reading(true)
}

// discard reads and drops input, until its end.
func (s *Session) discard() {
	data, err := s.s.Read(0)
	if err != nil {
		s.fail()
	} else if len(data) > 0 {
		s.keep(nil)
	}
}

// close ends the session for good. Its calls under way go on, and count until they are answered.
func (s *Session) close() {
	s.phase = s.phase.Next(lifecycle.SocketCloses)
	for c := s.first; c != nil; {
		next := c.Next
		c.Next = nil
		if c.Done {
			s.forget(c)
		}
		c = next
	}
	s.first, s.last = nil, nil
	s.endMulti()
	if s.redis != nil {
		s.redis.Leave()
	}
	s.sh.assembly -= s.kept()
	s.sh.unsent -= s.unsent
	switch {
	case s.link() != nil:
	case s.wrong:
		s.pool.Count.ClientErrors++
	default:
		s.pool.Count.ClientEOFs++
	}
	if t := s.linger(); t != nil {
		s.sh.L.Unset(t)
	}
	s.dropDue()
	s.s.Close()
	s.endPart()
	s.sh.closed(s)
}
