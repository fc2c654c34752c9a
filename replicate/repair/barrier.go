package repair

import (
	"magent/ascii"
	"magent/backend"
)

// When a server returns, it is not yet known what it has missed. A key becomes dirty only when the other copy
// answers. And a mutation that the server had confirmed before it was restarted makes no key dirty at all: only a list
// of the other copy's keys shows it, once that copy has carried it out. So a resync waits until the other copies have
// answered everything that they were asked before.

// barrier is one request to each of the other copies, behind everything that they were asked before.
type barrier struct {
	e    *Engine
	h    *resync // the resync that waits, as long as h.wait is this barrier
	left int     // requests without an answer
}

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

// OnReply takes an answer. If it is lost, so are the answers before it, and those keys are dirty by now.
func (w *barrier) OnReply(_ uint16, _ *backend.Conn, _ *ascii.Reply) {
	if w.left--; w.left > 0 || w.h.wait != w {
		return
	}
	w.h.wait = nil
	if !w.e.Retired {
		w.e.goOn(w.h)
	}
}
