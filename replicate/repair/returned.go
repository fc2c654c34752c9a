package repair

// Returned begins the resync of server i, which is connected again. The server must be Usable and not Readable. The
// host is told when it may be read.
func (e *Engine) Returned(i int) {
	if e.Retired {
		return
	}
	e.untie(i)
	h := &resync{server: i, window: firstCopies}
	if e.dirty[i].All() {
		e.empty(i)
	} else {
		e.repeatDelayed(i)
	}
	e.dirty[i].Each(func(key string, _ uint64) { h.queue = append(h.queue, key) })
	e.resyncs[i] = h
	e.raise(h)
	e.goOn(h)
}

// Returns reports whether the resync of server i is under way.
func (e *Engine) Returns(i int) bool { return e.resyncs[i] != nil }

// Gone ends the resync of server i, if there is one, because the server has gone down. It also ends the filling of
// servers that get keys from this one.
func (e *Engine) Gone(i int) {
	switch h := e.resyncs[i]; {
	case h.isFilling():
		e.abandon(h)
	case h != nil:
		e.enter(h, missed)
	}
	e.resyncs[i] = nil
	e.deciders.OverruledAll(i)
	e.recordAway(i)
	for j, h := range e.resyncs {
		if h.isFilling() && e.CopiesOf(j, i) {
			e.abandon(h)
			e.goOn(h)
		}
	}
}
