package repair

// isFilling reports whether the server is being filled from the other copies.
func (h *resync) isFilling() bool { return h != nil && h.stage != missed }

// enter changes the stage of a resync.
func (e *Engine) enter(h *resync, to stage) {
	switch before := h.isFilling(); {
	case before && to == missed:
		e.warming--
		h.fills = nil
	case !before && to != missed:
		e.warming++
	}
	h.stage = to
	filled := 0
	for _, r := range e.resyncs {
		if r.isFilling() {
			filled++
		}
	}
	if filled != e.warming {
		e.Broken("the servers that are being filled are counted wrongly", nil)
		e.warming = filled
	}
}
