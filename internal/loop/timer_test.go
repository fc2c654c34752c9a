package loop

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magent/internal/testkit"
)

// The timers of a loop are compared with a map: each one that is set fires once, at its time, the earliest first.
func TestTimersAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			l      Loop
			timers [12]*Timer
			due    = map[int]int64{}
			fired  []int
		)
		for i := range timers {
			timers[i] = NewTimer(func() { fired = append(fired, i) })
		}
		index := rapid.IntRange(0, len(timers)-1)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				i, d := index.Draw(t, "timer"), rapid.Int64Range(1, 50).Draw(t, "delay")
				l.Set(timers[i], time.Duration(d))
				due[i] = l.now + d
			},
			"set in the past": func(t *rapid.T) {
				i := index.Draw(t, "timer")
				l.SetAt(timers[i], l.now-rapid.Int64Range(0, 50).Draw(t, "ago"))
				due[i] = l.now + 1
			},
			"unset": func(t *rapid.T) {
				i := index.Draw(t, "timer")
				l.Unset(timers[i])
				delete(due, i)
			},
			"fire": func(t *rapid.T) {
				l.now += rapid.Int64Range(0, 40).Draw(t, "later")
				fired = fired[:0]
				l.timers.fire(l.now)
				var want []int
				for i, when := range due {
					if when <= l.now {
						want = append(want, i)
					}
				}
				got := slices.Clone(fired)
				if !slices.IsSortedFunc(got, func(a, b int) int { return int(due[a] - due[b]) }) {
					t.Fatalf("fired %v, due at %v", got, due)
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Fatalf("fired %v, want %v", got, want)
				}
				for _, i := range want {
					delete(due, i)
				}
			},
			"": func(t *rapid.T) {
				first, ok := l.timers.first()
				if ok != (len(due) > 0) {
					t.Fatalf("first: %v with %d timers set", ok, len(due))
				}
				for i, timer := range timers {
					when, set := due[i]
					if timer.IsSet() != set {
						t.Fatalf("timer %d: IsSet is %v, want %v", i, timer.IsSet(), set)
					}
					if set && when < first {
						t.Fatalf("first is %d, but timer %d is due at %d", first, i, when)
					}
				}
			},
		})
	})
}

func TestTimerSetAgainByItself(t *testing.T) {
	var l Loop
	l.now = 100
	fired, other := 0, 0
	var again *Timer
	again = NewTimer(func() { fired++; l.SetAt(again, 0) })
	l.SetAt(again, 100)
	l.SetAt(NewTimer(func() { other++ }), 150)

	l.now = 200
	l.timers.fire(l.now)
	if fired != 1 || other != 1 {
		t.Errorf("fired %d times, the one behind it %d times; want 1 and 1", fired, other)
	}
	l.now++
	l.timers.fire(l.now)
	if fired != 2 {
		t.Errorf("in the next turn: fired %d times in all, want 2", fired)
	}
}

func TestTimerUnsetByAnother(t *testing.T) {
	var l Loop
	fired := 0
	victim := NewTimer(func() { fired++ })
	l.SetAt(NewTimer(func() { l.Unset(victim) }), 10)
	l.SetAt(victim, 11)
	l.now = 20
	l.timers.fire(l.now)
	if fired != 0 || victim.IsSet() {
		t.Errorf("a timer that was unset by one that fired before it: fired %d times, set: %v", fired, victim.IsSet())
	}
}

func TestTimerUnsetsItself(t *testing.T) {
	var l Loop
	var self *Timer
	self = NewTimer(func() { l.Unset(self) })
	l.SetAt(self, 10)
	l.now = 20
	l.timers.fire(l.now)
	if self.IsSet() || len(l.timers) != 0 {
		t.Errorf("set: %v, %d timers left", self.IsSet(), len(l.timers))
	}
}

// A running loop sleeps until its first timer, and not much longer.
func TestTimerWakesTheLoop(t *testing.T) {
	l := running(t)
	const delay = 20 * time.Millisecond
	began := time.Now()
	fired := make(chan time.Duration, 1)
	on(t, l, func() {
		l.Set(NewTimer(func() { t.Error("a timer of an hour fired") }), time.Hour)
		l.Set(NewTimer(func() { fired <- time.Since(began) }), delay)
	})
	if took := testkit.Await(t, "fired", fired); took < delay {
		t.Errorf("fired after %v, before its time", took)
	}
}
