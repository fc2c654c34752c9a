package failover

import (
	"testing"
	"time"
)

// TestMeet compares who a server is with who it was. A server that is met for the first time is taken as it
// is, but if it was out of use it may lack something. Another run may be read only if it holds nothing from
// before our last contact.
func TestMeet(t *testing.T) {
	nobody, a, b := Identity{}, Identity{PID: 1, Start: 1000}, Identity{PID: 1, Start: 1001}
	greeting := func(id Identity, uptime, items, read int64) Greeting {
		return Greeting{Identity: id, Uptime: uptime, Items: items, Read: read, Connections: -1, Stored: -1}
	}
	never, old := time.Duration(-1), int64(1000)
	usual, silent := met(greeting(a, 5, 5, 100)), met(greeting(nobody, -1, 5, -1))
	for name, c := range map[string]struct {
		before *Greeting // nil: it was never met
		now    Meeting
		away   bool
		want   Contents
	}{
		"first":                   {nil, Meeting{greeting(a, old, 5, 0), 0, 0, never}, false, Complete},
		"first, after an outage":  {nil, Meeting{greeting(a, old, 5, 0), 0, 0, never}, true, Partial},
		"says nothing, never did": {silent, Meeting{greeting(nobody, -1, 5, -1), 0, 0, never}, true, Complete},
		"the same":                {usual, Meeting{greeting(a, 9, 5, 100), 0, 0, never}, true, Complete},
		"the same, idle":          {usual, Meeting{greeting(a, 9, 5, 200), 0, 0, never}, false, Complete},
		"the same, and said more": {usual, Meeting{greeting(a, 9, 5, 120), 10, 0, never}, true, Complete},
		"it has not read that":    {usual, Meeting{greeting(a, 9, 5, 119), 10, 0, never}, true, Doubtful},
		"the same second, empty":  {usual, Meeting{greeting(a, 5, 0, 20), 0, 0, never}, true, Partial},
		"it does not count":       {usual, Meeting{greeting(a, 9, 5, -1), 0, 0, never}, true, Complete},
		"another":                 {usual, Meeting{greeting(b, old, 5, 100), 0, time.Second, never}, true, Doubtful},
		"another, while idle":     {usual, Meeting{greeting(b, old, 5, 100), 0, time.Second, never}, false, Doubtful},
		"another, empty":          {usual, Meeting{greeting(b, old, 0, 100), 0, 0, never}, true, Partial},
		"another, does not count": {usual, Meeting{greeting(b, old, -1, 100), 0, 0, never}, true, Doubtful},
		"began before we left": {
			usual, Meeting{greeting(b, 7, 5, 100), 0, 8 * time.Second, never}, true, Doubtful,
		},
		"began after we left": {
			usual, Meeting{greeting(b, 7, 5, 100), 0, 8*time.Second + 1, never}, true, Partial,
		},
		"was empty before we left": {
			usual, Meeting{greeting(b, old, 5, 100), 0, time.Second, time.Second}, true, Doubtful,
		},
		"was empty after we left": {
			usual, Meeting{greeting(b, old, 5, 100), 0, time.Second, time.Second - 1}, true, Partial,
		},
		"says nothing any more": {usual, Meeting{greeting(nobody, -1, 5, -1), 0, time.Hour, never}, true, Doubtful},
		"says something now":    {silent, Meeting{greeting(a, old, 5, 100), 0, time.Second, never}, true, Doubtful},
	} {
		m := NewMachine(1, Options{Limit: 1})
		if c.before != nil {
			m.Meet(0, Meeting{Greeting: *c.before, Empty: never})
		}
		if c.away {
			m.HardFailure(0, 1)
		}
		if got := m.Meet(0, c.now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got := m.Last(0, c.now.Replies); got != c.now.Greeting {
			t.Errorf("%s: it is remembered as %+v", name, got)
		}
	}
}

func met(g Greeting) *Greeting { return &g }

// TestRemember checks that what a machine knows of a server is passed on, with what the server
// must have counted since.
func TestRemember(t *testing.T) {
	a := Greeting{Identity: Identity{PID: 1, Start: 1000}, Read: 100}
	before, after := NewMachine(1, Options{Limit: 1}), NewMachine(1, Options{Limit: 1})
	before.Meet(0, Meeting{Greeting: a, Replies: 7})
	last := before.Last(0, 17)
	if last.Read != 120 {
		t.Errorf("%+v", last)
	}
	after.Remember(0, last, before.Reached(0))
	a.Items = 5
	if a.Read = 119; after.Meet(0, Meeting{Greeting: a, Empty: -1}) != Doubtful {
		t.Error("it has read less than it had, and is the same")
	}
	after.Remember(0, Greeting{}, true) // it has no identity
	if !after.Reached(0) {
		t.Error("it is forgotten that it was reached")
	}
	after.Remember(0, Greeting{}, false) // it is not known
	if after.Reached(0) {
		t.Error("it was reached, and nobody knows")
	}
	if after.Meet(0, Meeting{Greeting: a, Empty: -1}) != Complete {
		t.Error("it is met for the first time")
	}
	if !after.Reached(0) {
		t.Error("it was met, and not reached")
	}
}
