package failover

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magent/internal/testkit"
)

// TestLost is the table of what follows a loss, and of what a request may do then.
func TestLost(t *testing.T) {
	const ms = int64(time.Millisecond)
	type step struct {
		at   int64 // ms
		do   string
		want string
	}
	for name, steps := range map[string][]step{
		"a connection that stood is made again at once, and the server stays up": {
			{1000, "broken 100ms", "up now"},
			{1000, "refused", "up->ejected at 1002"},
		},
		"a refused attempt fails, and the next is made after 1, 2, ... 50 ms": {
			{1000, "refused", "up->ejected at 1001"},
			{1000, "attempt", "no, again 1001"},
			{1001, "attempt", "connect, wait"},
			{1001, "attempt", "wait"},
			{1001, "refused", "ejected at 1003"},
			{1003, "refused", "ejected at 1007"},
			{1007, "refused", "ejected at 1015"},
			{1015, "refused", "ejected at 1031"},
			{1031, "refused", "ejected at 1063"},
			{1063, "refused", "ejected at 1113"},
			{1113, "refused", "ejected at 1163"},
			{5000, "attempt", "connect, wait"},
			{5000, "back", "up"},
			{5000, "attempt", "no"},
		},
		"a name is looked up again for requests only": {
			{1000, "unknown", "up->ejected"},
			{1000, "attempt", "no, again 1001"},
			{1001, "attempt", "connect, wait"},
			{1001, "unknown", "ejected"},
		},
		"one that is closed at once is not made again without a pause": {
			{1000, "broken 9ms", "up now"},
			{1000, "broken 1ns", "up->ejected at 1002"},
		},
		"one that lasted begins anew": {
			{1000, "broken 9ms", "up now"},
			{1001, "broken 9ms", "up now"},
			{1001, "broken 50ms", "up now"},
			{1001, "refused", "up->ejected at 1003"},
		},
		"a server that hangs is connected to without a request, and nobody waits": {
			{1000, "silent 99ms", "up->ejected now"},
			{1000, "attempt", "no, again 1001"},
			{1400, "attempt", "connect"},
			{1500, "silent", "ejected now"},
			{1500, "silent", "ejected at 1504"},
			{1900, "refused", "ejected at 1908"},
			{1908, "attempt", "connect, wait"},
		},
		"the limit of missed deadlines means that it hangs": {
			{1000, "soft", "up"},
			{1000, "soft", "ejected"},
			{1000, "attempt", "connect"},
			{1000, "silent 99ms", "ejected now"},
		},
		"no request brings back what was taken out of use": {
			{1000, "hard", "ejected"},
			{1000, "attempt", "no"},
			{1000, "refused", "ejected"},
			{2000, "attempt", "no"},
			{2000, "back", "up"},
			{2000, "refused", "up->ejected at 2002"},
			{2100, "attempt", "connect, wait"},
			{2100, "hard", "ejected"},
			{2100, "attempt", "no"},
		},
		"one that is being repaired waits for a probe": {
			{1000, "hard", "ejected"},
			{1000, "return", "returning"},
			{1000, "broken 99ms", "returning->ejected"},
			{2000, "attempt", "no"},
		},
	} {
		m := NewMachine(2, Options{Limit: 2, Sole: true, Strict: true})
		for i, s := range steps {
			if got := lostStep(m, s.do, s.at*ms); got != s.want {
				t.Errorf("%s, step %d (%s): %q, want %q", name, i, s.do, got, s.want)
			}
		}
		if v := m.Server(0); v.State != Up || v.tries != 0 {
			t.Errorf("%s: the other server was touched: %+v", name, v)
		}
	}
}

// lostStep does one step with server 1 and says what has come of it.
func lostStep(m *Machine, do string, now int64) string {
	s := m.Server(1)
	before := s.State
	word, text, _ := strings.Cut(do, " ")
	lasted, _ := time.ParseDuration(text)
	switch word {
	case "soft":
		m.SoftFailure(1, 0, now)
	case "hard":
		m.HardFailure(1, now)
	case "return":
		m.Return(1, now)
	case "back":
		m.Return(1, now)
		m.Readmit(1, now)
	case "attempt":
		connect, wait, again := m.Attempt(1, now)
		return said(connect, wait, again)
	default:
		how := map[string]Loss{"broken": Broken, "refused": Refused, "unknown": Unknown, "silent": Silent}[word]
		next := m.Lost(1, how, lasted, now)
		got := s.State.String()
		if next.Ejected {
			got = before.String() + "->" + got
		}
		if next.Now {
			got += " now"
		}
		if next.At != 0 {
			got += fmt.Sprint(" at ", next.At/int64(time.Millisecond))
		}
		return got
	}
	return s.State.String()
}

func said(connect, wait bool, again int64) string {
	switch {
	case connect && wait:
		return "connect, wait"
	case connect:
		return "connect"
	case wait:
		return "wait"
	case again != 0:
		return fmt.Sprint("no, again ", again/int64(time.Millisecond))
	}
	return "no"
}

// TestLostRandomly checks what holds for any sequence: one attempt is under way at a time, attempts have pauses, and
// a server whose connection cannot be made is never left without a way back.
func TestLostRandomly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMachine(1, Options{Limit: 2, Sole: true, Strict: true})
		s := m.Server(0)
		now, last := int64(0), int64(-1)
		under := false // an attempt that a request has begun
		t.Repeat(map[string]func(*rapid.T){
			"attempt": func(t *rapid.T) {
				connect, wait, _ := m.Attempt(0, now)
				if connect && wait {
					if under {
						t.Fatal("two attempts at once")
					}
					if last >= 0 && now-last < int64(firstPause) {
						t.Fatalf("an attempt %v after the last one was lost", time.Duration(now-last))
					}
					under = true
				}
				if wait && !under {
					t.Fatal("requests wait for nothing")
				}
			},
			"lost": func(t *rapid.T) {
				how := Loss(rapid.IntRange(0, 3).Draw(t, "how"))
				lasted := time.Duration(rapid.SampledFrom([]int{0, 1, 60e6}).Draw(t, "lasted"))
				before := *s
				next := m.Lost(0, how, lasted, now)
				under, last = false, now
				if next.Ejected != (before.State != Ejected && s.State == Ejected) {
					t.Fatalf("ejected: %v", next.Ejected)
				}
				if next.Now && lasted < calm && now < before.next {
					t.Fatal("at once, within the pause")
				}
				if s.next-now > int64(maxPause) {
					t.Fatalf("a pause of %v", time.Duration(s.next-now))
				}
				_, _, again := m.Attempt(0, now) // in the pause
				if before.State == Up && s.State == Ejected && again == 0 {
					t.Fatal("no way back")
				}
			},
			"hard":   func(*rapid.T) { m.HardFailure(0, now); under = false },
			"back":   func(*rapid.T) { m.Return(0, now); m.Readmit(0, now); under = false },
			"return": func(*rapid.T) { m.Return(0, now); under = false },
			"later":  func(t *rapid.T) { now += int64(rapid.IntRange(1, 100e6).Draw(t, "later")) },
			"": func(t *rapid.T) {
				if under && s.State != Ejected {
					t.Fatal("requests wait for a server that is in use")
				}
			},
		})
	})
}

// Lost is for pools without other copies.
func TestLostElsewhere(t *testing.T) {
	m := NewMachine(1, Options{Strict: true})
	if testkit.Panic(func() { m.Lost(0, Broken, 0, 1) }) == "" {
		t.Error("it is taken where servers have other copies")
	}
	m.HardFailure(0, 1)
	if connect, wait, again := m.Attempt(0, 2); connect || wait || again != 0 {
		t.Error("an attempt where servers have other copies")
	}
}
