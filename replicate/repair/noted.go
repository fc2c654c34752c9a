package repair

import "magent/internal/underway"

// note notes for the process after this one that a key is being repaired on server i. That is needed where the journal
// does not say that it is dirty: on a server that is up. single says that no resync waits for the repair.
func (e *Engine) note(single bool, i int, key []byte) underway.Slot {
	if !single || e.Underway == nil || e.Backups == nil {
		return 0
	}
	p, b := e.Pair(key)
	if i == p {
		return e.Underway.Repair(b, key)
	}
	return e.Underway.Repair(p, key)
}

// started adds x to Engine.copies. The key has been asked for.
func (e *Engine) started(x *copying) {
	e.copies[x.key] = x
	x.noted = e.note(x.h == nil, x.server, []byte(x.key))
}

// WatchCopies has watch called when a key on which a server came to another result is being copied to it, and when
// that is over: the server has the key, or has missed it for good, which is recorded.
func (e *Engine) WatchCopies(watch func(server int, key string, under bool)) { e.watch = watch }

// ended notes that x is over. The watcher is told by tellOver, because the key may have to be copied once more.
func (x *copying) ended() {
	if x.told {
		x.told = false
		x.e.over = append(x.e.over, x)
	}
}

// tellOver tells the watcher what is over, after all that follows from it was recorded and begun.
func (e *Engine) tellOver() {
	for len(e.over) > 0 {
		x := e.over[0]
		e.over = e.over[1:]
		e.watch(x.server, x.key, false)
	}
}
