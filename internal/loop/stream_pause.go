package loop

// Pause stops watching the socket, also for errors and hang-ups, so that something else can use a duplicate of it.
// Nothing may be read or written until Secure. Close still works.
func (s *Stream) Pause() {
	s.l.Unwatch(s.FD())
	s.watch = 0
}

// Secure ends a Pause. Everything is sealed from now on, and h gets the events. No duplicate may be open any more.
func (s *Stream) Secure(seal *Seal, ev Events, h Handler) error {
	s.seal, s.watch = seal, ev
	return s.l.Register(s.FD(), ev, h)
}

// WatchEnd starts or stops watching for the end of the input, also while the input itself is not watched.
func (s *Stream) WatchEnd(on bool) {
	if on {
		s.want(s.watch | Ended)
	} else {
		s.want(s.watch &^ Ended)
	}
}
