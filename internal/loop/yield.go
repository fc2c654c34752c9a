package loop

import "time"

// yielding lets others run at the end of each turn (sched_yield), before the loop waits for events. On small machines
// the members of a fleet share few processors with the servers and with clients. Then each request would wake the loop
// by itself, and a switch of processes costs more than the request.
//
// Who computes and never waits would take the processor for a slice of time in each turn. So after a yield that took
// longLent, none is made for lentShare times as long. The loop gives away a twentieth of the time, or less.
type yielding struct {
	on   bool
	next int64 // loop time of the next yield; it is set by the last one that took long
}

const (
	longLent  = int64(time.Millisecond)
	mostLent  = int64(100 * time.Millisecond) // a process that was stopped meanwhile has not lent the rest
	lentShare = 20
)

// due reports whether to yield now, after a turn with so many events.
func (y *yielding) due(now int64, events int) bool { return y.on && events > 0 && now >= y.next }

// took notes, at now, how long the last yield took.
func (y *yielding) took(now, d int64) {
	if d >= longLent {
		y.next = now + lentShare*min(d, mostLent)
	}
}
