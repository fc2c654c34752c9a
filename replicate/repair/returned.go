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
	e.endResync(i)
	e.deciders.OverruledAll(i)
	e.recordAway(i)
	for j, h := range e.resyncs {
		if h.isFilling() && e.CopiesOf(j, i) {
			e.abandon(h)
			e.goOn(h)
		}
	}
}

// GoneAll is Gone for all servers at once: nothing is begun on one of them because another one has gone.
func (e *Engine) GoneAll() {
	for i := range e.resyncs {
		e.endResync(i)
	}
	for i := range e.resyncs {
		e.Gone(i)
	}
}

func (e *Engine) endResync(i int) {
	if h := e.resyncs[i]; h.isFilling() {
		e.abandon(h)
	}
	e.resyncs[i] = nil
}
