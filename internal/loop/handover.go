package loop

import "golang.org/x/sys/unix"

// HandOver moves the socket to another stream, whose events h gets, so that it can be read to its end. The socket is
// shut down for writing. Unsent bytes, and bytes that were not consumed, are dropped. Afterwards s is closed. If there
// is an error, the socket is closed, too.
func (s *Stream) HandOver(to *Stream, h Handler) error {
	s.goodbye()
	if err := unix.Shutdown(s.FD(), unix.SHUT_WR); err != nil {
		s.Close()
		return err
	}
	s.dropIn()
	s.dropOut()
	s.l.slot(s.FD()).h = h
	*to, *s = *s, Stream{l: s.l, fd: -1}
	to.want(Readable)
	return nil
}

// Detach stops watching the socket for good, and drops unsent bytes. Read still works.
func (s *Stream) Detach() {
	s.l.Unwatch(s.FD())
	s.watch = 0
	s.dropOut()
}
