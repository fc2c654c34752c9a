package loop

import "time"

// Busy tells how long the turns of a loop took, each from the return of epoll to its end. Descriptors that become
// ready during a turn have to wait that long.
type Busy struct {
	Turns   int64         // the number of turns so far
	Total   time.Duration // the time of all turns together
	Longest time.Duration // the longest turn of the last 30 to 60 seconds
}

// busyWindow is how long the longest turn is remembered, at least.
const busyWindow = int64(30 * time.Second)

// busy holds the figures of Busy, in nanoseconds.
type busy struct {
	total           int64
	longest, before int64 // the longest turn in the present window, and in the previous one
	opened          int64 // when the present window began, by Loop.Now
}

// note counts a turn that began at now and took d.
func (b *busy) note(now, d int64) {
	b.total += d
	if now-b.opened >= busyWindow {
		b.turn(now)
	}
	if d > b.longest {
		b.longest = d
	}
}

// turn opens a new window.
func (b *busy) turn(now int64) {
	b.before = b.longest
	if now-b.opened >= 2*busyWindow { // the loop was idle for a whole window
		b.before = 0
	}
	b.longest, b.opened = 0, now
}
