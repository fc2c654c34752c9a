package loop

import "time"

// Busy is how long the turns of a loop took, from the return of epoll to their end: for as long whatever is ready waits.
type Busy struct {
	Turns   int64         // so far
	Total   time.Duration // of all of them
	Longest time.Duration // of the last 30 to 60 seconds
}

// busyWindow is how long the longest turn is remembered, at least.
const busyWindow = int64(30 * time.Second)

// busy sums up in nanoseconds.
type busy struct {
	total           int64
	longest, before int64 // in the window that is open, and in the one before it
	opened          int64 // when the window was, by Loop.Now
}

// note counts a turn that began now and took d.
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
	if now-b.opened >= 2*busyWindow { // nothing happened for long
		b.before = 0
	}
	b.longest, b.opened = 0, now
}

// Busy is what is known at the beginning of this turn.
func (l *Loop) Busy() Busy {
	if l.now-l.busy.opened >= busyWindow {
		l.busy.turn(l.now)
	}
	return Busy{Turns: l.Turns, Total: time.Duration(l.busy.total), Longest: time.Duration(max(l.busy.longest, l.busy.before))}
}
