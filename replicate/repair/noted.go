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

// tell tells the watcher once x is over. It comes last upon a reply, after all that follows from it was recorded and
// begun. The reply is due even to a copying that has ended before it.
func (x *copying) tell() {
	if x.told && x.e.copies[x.key] != x {
		x.told = false
		x.e.watch(x.server, x.key, false)
	}
}
