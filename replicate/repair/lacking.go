package repair

// Supply begins to copy from server i, which is repaired, what others lack since it was away. It does nothing while
// i may not be read. It goes on when a copy ends. A server that is away itself, or is being repaired, gets the key
// in its resync.
func (e *Engine) Supply(i int) {
	for i >= 0 && !e.Retired && e.Health.Readable(i) && len(e.lacking[i]) > 0 && len(e.copies) < maxBackupRepairs/2 {
		n := len(e.lacking[i]) - 1
		l := e.lacking[i][n]
		if e.lacking[i] = e.lacking[i][:n]; n == 0 {
			e.lacking[i] = nil
		}
		x := &copying{e: e, server: l.server, key: l.key, fill: true}
		switch {
		case e.incomplete[l.server]: // it was emptied since
		case !e.Health.Usable(l.server) || e.resyncs[l.server] != nil:
			e.MarkMissed(l.server, []byte(l.key))
		case e.canCopy(x) && x.from == i && x.read():
			e.started(x)
		}
	}
}
