package repair

// NoteDelay remembers when a flush_all takes effect, in delay seconds, because a server that restarts before then has
// forgotten it. Like memcached it remembers only the last flush_all. The host is told when that changes.
func (e *Engine) NoteDelay(delay int64) {
	before := e.flushDue
	e.flushDue = 0
	if delay > 0 && e.Backups != nil {
		if e.flushDue = delay; delay <= month {
			e.flushDue += e.opt.UnixTime()
		}
	}
	if e.flushDue != before {
		e.opt.Host.FlushDue(e.flushDue)
	}
}

// DelayLeft returns how many seconds are left until a flush_all with a delay takes effect. If the delay is more than a
// month it is the time itself, by the clock of the server.
func (e *Engine) DelayLeft(delay int64) (seconds int64, byServersClock bool) {
	if delay <= month {
		return delay, false
	}
	return max(0, delay-e.opt.UnixTime()), true
}

// RecallDelay gives a new engine what an earlier one knew: when the last flush_all takes effect (FlushDue). It comes
// before anything else that the earlier one knew.
func (e *Engine) RecallDelay(due int64) { e.flushDue = due }

// FlushDue returns when the last flush_all takes effect, in seconds since 1970. 0: it had no delay.
func (e *Engine) FlushDue() int64 { return e.flushDue }

// FlushedShared notes that server i was flushed, or may have been, which may have keys of other groups.
func (e *Engine) FlushedShared(i int) {
	if e.opt.Shared && i >= e.NumPrimaries && !e.Retired {
		e.opt.Host.FlushedShared(i)
	}
}

// Another loop's flush_all uses other connections. So a mutation of this loop may come before it on one copy and after
// it on the other. The keys of all mutations that are under way meanwhile are therefore deleted on the copy that does
// not lead.

// FlushBegins tells the engine that another loop is about to send flush_all to the servers.
func (e *Engine) FlushBegins() {
	e.flushDue = 0 // the other loop's flush_all replaces it
	e.flushes++
	e.flushing++
	e.OvertakenAll()
}

// FlushEnded tells the engine that the flush_all has ended: all servers but those in missed have carried it out.
func (e *Engine) FlushEnded(missed []int) {
	e.flushing--
	e.flushes++ // for the mutations that began in the meantime
	for _, i := range missed {
		e.MarkAllMissed(i, false) // the other loop knows whether it was sent
	}
}

// FlushEpoch returns a number for a mutation that begins now. If Flushes returns the same number when the mutation
// ends, no flush_all of another loop overlapped with it.
func (e *Engine) FlushEpoch() uint64 {
	if e.flushing > 0 {
		return e.flushes - 1
	}
	return e.flushes
}

// Flushes returns how many flush_alls of other loops have begun, plus how many of them have ended.
func (e *Engine) Flushes() uint64 { return e.flushes }
