package repair

import (
	"math"
	"strconv"
)

// A flush_all with a delay is carried out by magent, when its time has come, as one without (Host.FlushDue). So all
// copies are flushed then, or before they are read. Servers are told of it, too, in case that no magent is left by
// then. They wait longer: what magent sends comes first and cancels that, for memcached remembers only the last one.

// graceTime is for how many seconds longer a server waits. It may count two seconds less than it was told, because its
// clock ticks once per second, and it takes one off.
const graceTime = 10

// FlushTime returns when a flush_all with a delay takes effect, in seconds since 1970; 0: at once. A delay of more
// than a month is that time itself.
func (e *Engine) FlushTime(delay int64) (due int64) {
	now := e.opt.UnixTime()
	switch {
	case delay <= 0:
		return 0
	case delay <= month:
		return now + delay + 1 // now is rounded down
	case delay <= now:
		return 0
	}
	return delay
}

// AppendFlush appends the command line for the servers of a flush_all that takes effect when FlushTime says.
func (e *Engine) AppendFlush(line []byte, due int64) []byte {
	if due == 0 {
		return append(line, flushLine...)
	}
	late := min(due+graceTime, math.MaxInt32)
	if left := late - e.opt.UnixTime(); left <= month {
		late = left
	}
	return append(strconv.AppendInt(append(line, "flush_all "...), late, 10), "\r\n"...)
}

// FlushLater notes that a flush_all is about to be sent that takes effect later. It replaces any one before it.
func (e *Engine) FlushLater(due int64) {
	e.delays++
	e.opt.Host.FlushDue(due)
}

// Delays returns a number for a flush_all that is about to be sent, and takes effect at once.
func (e *Engine) Delays() uint64 { return e.delays }

// FlushedAll notes that the flush_all with this number has ended. It has replaced what was to take effect later, but
// not what was asked for since. Until now that counted: if this process had died, the next one would have had to carry
// one of the two out.
func (e *Engine) FlushedAll(delays uint64) {
	if e.delays == delays && !e.Retired {
		e.opt.Host.FlushDue(0)
	}
}

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
