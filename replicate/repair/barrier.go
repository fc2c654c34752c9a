package repair

import "magent/ascii"

// When a server returns, it is not yet known what it has missed. A key becomes dirty only when the other copy
// answers. And a mutation that the server had confirmed before it was restarted makes no key dirty at all: only a list
// of the other copy's keys shows it, once that copy has carried it out. So a resync waits until the other copies have
// answered everything that they were asked before. Until then nothing is copied from the returning server, either:
// what it has missed may be on its way to the very server that would get the copy.

// raise makes h wait for the answers to everything that the other copies have been asked by now.
func (e *Engine) raise(h *resync) {
	w := &barrier{e: e, h: h}
	for j, conn := range e.Conns {
		if e.CopiesOf(h.server, j) && e.Health.Usable(j) && conn.Send(versionLine, nil, ascii.ShapeLine, w, 0) {
			w.left++
		}
	}
	if h.wait = nil; w.left > 0 {
		h.wait = w
	}
}

var versionLine = []byte("version\r\n")

// behind reports whether it is not known yet what server i has missed, because it has just returned.
func (e *Engine) behind(i int) bool { return e.resyncs[i] != nil && e.resyncs[i].wait != nil }

// sourceBehind reports whether that is so with a server that h copies from.
func (e *Engine) sourceBehind(h *resync) bool {
	for j := range e.Conns {
		if e.CopiesOf(h.server, j) && e.behind(j) {
			return true
		}
	}
	return false
}
