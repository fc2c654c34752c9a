package repair

import "magent/backend/hello"

// CanFill reports whether server i can be filled: all servers with the other copies of its keys can be read, and know
// meta commands. If a primary that can be read and its backup are both incomplete, the backup is filled first, because
// clients see what the primary has.
func (e *Engine) CanFill(i int) bool {
	if e.Backups == nil || e.Conns[i].Meta() == hello.NoMeta {
		return false
	}
	for j, conn := range e.Conns {
		if !e.CopiesOf(i, j) {
			continue
		}
		if !e.Health.Readable(j) || conn.Meta() == hello.NoMeta {
			return false
		}
		if e.incomplete[j] && i < e.NumPrimaries && e.Health.Readable(i) {
			return false
		}
	}
	return true
}

// abandon ends the filling of a server before it is complete.
func (e *Engine) abandon(h *resync) {
	e.enter(h, missed)
	e.opt.Host.Abandoned(h.server)
}

// fillNext begins to fill the next key, and reports whether there was one. It asks for the next batch when few keys
// are left.
func (e *Engine) fillNext(h *resync) bool {
	if len(h.fills) < fewKeys && h.stage == filling {
		e.enter(h, listing)
		e.opt.Host.More(h.server)
	}
	n := len(h.fills) - 1
	if n < 0 {
		return false
	}
	key := h.fills[n]
	h.fills = h.fills[:n]
	e.fillKey(h, key)
	return true
}

// fillKey copies a key to a server that may lack it. If it is being copied already, perhaps for an earlier resync, h
// waits for that.
//
// A key that is on its way from h's server to the other copy is left alone: the other copy has no say about it then,
// and gets what h's server has. A fill of the other copy has ended before this one began (barrier).
func (e *Engine) fillKey(h *resync, key string) {
	x := &copying{e: e, h: h, server: h.server, key: key, fill: true}
	if y := e.copies[key]; y != nil && y.server == x.server && e.takeOver(y, x) {
		h.busy++
	} else if e.canCopy(x) && x.read() {
		e.copies[key] = x
		h.busy++
	}
}
