package failover

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magent/internal/testkit"
)

func TestMachineTable(t *testing.T) {
	type step struct {
		do      string
		replies uint64 // soft: number of the server's replies so far
		changed bool   // the result of the step
		state   State  // after it
	}
	for name, c := range map[string]struct {
		opt   Options
		steps []step
	}{
		"drained, it stays so whatever happens": {Options{Limit: 1}, []step{
			{"drain", 0, true, Drained},
			{"soft", 1, false, Drained},
			{"hard", 0, false, Drained},
			{"lost", 0, false, Drained},
			{"return", 0, false, Drained},
			{"warm", 0, false, Drained},
		}},
		"also where keys move": {Options{Limit: 1, Patient: true}, []step{
			{"drain", 0, true, Drained}, {"lost", 1, false, Drained}, {"return", 0, false, Drained},
		}},
		"soft failures in a row eject": {Options{Limit: 2}, []step{
			{"soft", 5, false, Up},
			{"soft", 5, true, Ejected},
			{"soft", 5, false, Ejected},
		}},
		"a reply between them begins a new row": {Options{Limit: 2}, []step{
			{"soft", 5, false, Up},
			{"soft", 6, false, Up},
			{"soft", 6, true, Ejected},
		}},
		"a limit of 1":           {Options{Limit: 1}, []step{{"soft", 0, true, Ejected}}},
		"a limit of 0 acts as 1": {Options{Limit: 0}, []step{{"soft", 0, true, Ejected}}},
		"a limit of 3": {Options{Limit: 3}, []step{
			{"soft", 0, false, Up}, {"soft", 0, false, Up}, {"soft", 0, true, Ejected},
		}},
		"a lost connection ejects at once": {
			Options{Limit: 3},
			[]step{{"lost", 0, true, Ejected}, {"lost", 0, false, Ejected}},
		},
		"but where keys move it counts": {
			Options{Limit: 3, Patient: true},
			[]step{{"lost", 0, false, Up}, {"soft", 0, false, Up}, {"lost", 0, true, Ejected}},
		},
		"and a reply begins a new row there": {
			Options{Limit: 2, Patient: true},
			[]step{{"lost", 0, false, Up}, {"lost", 1, false, Up}, {"lost", 1, true, Ejected}},
		},
		"a hard failure ejects at once, and once": {Options{Limit: 10}, []step{
			{"hard", 0, true, Ejected}, {"hard", 0, false, Ejected},
		}},
		"readmitted, it starts anew": {Options{Limit: 2}, []step{
			{"readmit", 0, false, Up},
			{"soft", 3, false, Up},
			{"hard", 0, true, Ejected},
			{"return", 0, true, Returning},
			{"readmit", 0, true, Up},
			{"soft", 3, false, Up},
			{"soft", 3, true, Ejected},
			{"return", 0, true, Returning},
			{"readmit", 0, true, Up},
		}},
		"it gets what it missed, then it is up": {Options{Limit: 2}, []step{
			{"return", 0, false, Up},
			{"warm", 0, false, Up},
			{"hard", 0, true, Ejected},
			{"warm", 0, false, Ejected},
			{"return", 0, true, Returning},
			{"return", 0, false, Returning},
			{"soft", 3, false, Returning},
			{"readmit", 0, true, Up},
			{"soft", 3, false, Up},
		}},
		"it gets its contents, then it is up": {Options{Limit: 2}, []step{
			{"hard", 0, true, Ejected},
			{"return", 0, true, Returning},
			{"warm", 0, true, Warming},
			{"warm", 0, false, Warming},
			{"return", 0, false, Warming},
			{"readmit", 0, true, Up},
		}},
		"it fails again before it is up": {Options{Limit: 1}, []step{
			{"hard", 0, true, Ejected},
			{"return", 0, true, Returning},
			{"hard", 0, true, Ejected},
			{"return", 0, true, Returning},
			{"warm", 0, true, Warming},
			{"soft", 9, true, Ejected},
		}},
	} {
		m := NewMachine(2, c.opt)
		for i, s := range c.steps {
			now := int64(100 * (i + 1))
			var changed bool
			switch s.do {
			case "soft":
				changed = m.SoftFailure(1, s.replies, now)
			case "hard":
				changed = m.HardFailure(1, now)
			case "lost":
				changed = m.ConnectionFailure(1, s.replies, now)
			case "readmit":
				changed = m.Readmit(1, now)
			case "drain":
				before := m.Server(1).State
				m.Drain(1, now)
				changed = m.Server(1).State != before
			case "return":
				changed = m.Return(1, now)
			case "warm":
				before := m.Server(1).State
				m.Warm(1, now)
				changed = m.Server(1).State != before
			}
			if usable, readable := s.state != Ejected && s.state != Drained, s.state == Up; m.Usable(1) != usable ||
				m.Readable(1) != readable {
				t.Errorf("%s, step %d: usable %v, readable %v", name, i, m.Usable(1), m.Readable(1))
			}
			v := m.Server(1)
			if changed != s.changed || v.State != s.state {
				t.Errorf("%s, step %d (%s): changed %v, state %v; want %v, %v", name, i, s.do, changed, v.State,
					s.changed, s.state)
			}
			if changed && v.Since != now {
				t.Errorf("%s, step %d (%s): since %d, want %d", name, i, s.do, v.Since, now)
			}
		}
		if v := m.Server(0); v.State != Up || v.Since != 0 {
			t.Errorf("%s: the other server was touched: %+v", name, v)
		}
	}
}

// TestMachineAgainstModel compares a machine with the rule that it implements: a server is ejected by limit soft
// failures without a reply in between, or by a hard one.
func TestMachineAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const servers = 3
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		m := NewMachine(servers, Options{Limit: limit, Strict: true})
		var model [servers]struct {
			ejected bool
			row     int
			replies uint64
			last    uint64 // replies at the last soft failure
			since   int64
		}
		now := int64(0)
		index := rapid.IntRange(0, servers-1)
		t.Repeat(map[string]func(*rapid.T){
			"soft": func(t *rapid.T) {
				i := index.Draw(t, "server")
				v := &model[i]
				want := false
				if !v.ejected {
					if v.replies > v.last {
						v.row = 0
					}
					v.last = v.replies
					v.row++
					want = v.row >= limit
				}
				if got := m.SoftFailure(i, v.replies, now); got != want {
					t.Fatalf("ejected: %v, want %v", got, want)
				}
				if want {
					v.ejected, v.since, v.row = true, now, 0
				}
			},
			"hard": func(t *rapid.T) {
				i := index.Draw(t, "server")
				v := &model[i]
				if got := m.HardFailure(i, now); got == v.ejected {
					t.Fatalf("ejected: %v, it was ejected before: %v", got, v.ejected)
				}
				if !v.ejected {
					v.ejected, v.since, v.row = true, now, 0
				}
			},
			"reply": func(t *rapid.T) {
				if v := &model[index.Draw(t, "server")]; !v.ejected {
					v.replies++
				}
			},
			"readmit": func(t *rapid.T) {
				i := index.Draw(t, "server")
				v := &model[i]
				if got := m.Return(i, now) && m.Readmit(i, now); got != v.ejected {
					t.Fatalf("changed: %v, it was ejected: %v", got, v.ejected)
				}
				if v.ejected {
					v.ejected, v.since, v.row = false, now, 0
				}
			},
			"": func(t *rapid.T) {
				now++
				for i := range model {
					s, v := m.Server(i), &model[i]
					if m.Usable(i) == v.ejected || s.Since != v.since {
						t.Fatalf("server %d is %+v, want %+v", i, s, v)
					}
				}
			},
		})
	})
}

func TestStateNames(t *testing.T) {
	for s, want := range map[State]string{Up: "up", Ejected: "ejected", Drained: "drained", 99: "unknown"} {
		if got := s.String(); got != want {
			t.Errorf("%d: %s, want %s", s, got, want)
		}
	}
}

// TestEjectedIsNotReadmitted checks that nothing late makes a server usable that was ejected meanwhile.
func TestEjectedIsNotReadmitted(t *testing.T) {
	m := NewMachine(1, Options{Limit: 1})
	m.HardFailure(0, 1)
	testkit.Panic(func() {
		if m.Readmit(0, 2) {
			t.Error("it is readmitted")
		}
	})
	if m.Usable(0) {
		t.Error("it is usable")
	}
}

// TestBrokenRules checks that each rule at a field is asserted.
func TestBrokenRules(t *testing.T) {
	for rule, breaks := range map[string]func(m *Machine){
		"":                         func(m *Machine) { m.SoftFailure(0, 0, 9) },
		"out of use is readmitted": func(m *Machine) { m.HardFailure(0, 9); m.Readmit(0, 9) },
		"a server that is out of use is readmitted": func(m *Machine) { m.Drain(0, 9); m.Readmit(0, 9) },
		"a server is drained that was used":         func(m *Machine) { m.HardFailure(0, 9); m.Drain(0, 9) },
		"time goes back":                            func(m *Machine) { m.HardFailure(0, 9); m.Return(0, 8) },
		"a server goes from up to warming":          func(m *Machine) { m.change(m.Server(0), Warming, 9) },
		"at its limit of failures is not ejected": func(m *Machine) {
			m.Server(0).failures = 2
			m.check(m.Server(0))
		},
		"an ejected server has failures": func(m *Machine) {
			m.HardFailure(0, 9)
			m.Server(0).failures = 1
			m.check(m.Server(0))
		},
		"met, but never reached": func(m *Machine) { m.Server(0).met = true; m.SoftFailure(0, 0, 9) },
		"fewer replies than before": func(m *Machine) {
			m.Meet(0, Meeting{Replies: 5})
			m.Meet(0, Meeting{Replies: 4})
		},
	} {
		said := testkit.Panic(func() { breaks(NewMachine(1, Options{Limit: 2, Strict: true})) })
		if rule == "" && said != "" || !strings.Contains(said, rule) {
			t.Errorf("%q: it says %q", rule, said)
		}
	}
}
