package failover

import (
	"testing"
	"time"
)

// Who a server is is compared with who it was. One that is met for the first time is taken as it is, but if it has
// been away, it may lack something. Another one may be read only if nothing in it can be from before our last
// contact.
func TestMeet(t *testing.T) {
	nobody, a, b := Identity{}, Identity{PID: 1, Start: 1000}, Identity{PID: 1, Start: 1001}
	greeting := func(id Identity, uptime, items, read int64) Greeting {
		return Greeting{Identity: id, Uptime: uptime, Items: items, Read: read, Connections: -1, Stored: -1}
	}
	never, old := time.Duration(-1), int64(1000)
	for name, c := range map[string]struct {
		before *Greeting // nil: it was never met
		now    Meeting
		away   bool
		want   Contents
	}{
		"first":                    {nil, Meeting{Greeting: greeting(a, old, 5, 0), Empty: never}, false, Complete},
		"first, after an outage":   {nil, Meeting{Greeting: greeting(a, old, 5, 0), Empty: never}, true, Partial},
		"says nothing, never did":  {met(greeting(nobody, -1, 5, -1)), Meeting{Greeting: greeting(nobody, -1, 5, -1), Empty: never}, true, Complete},
		"the same":                 {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(a, 9, 5, 100), Empty: never}, true, Complete},
		"the same, idle":           {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(a, 9, 5, 200), Empty: never}, false, Complete},
		"the same, and said more":  {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(a, 9, 5, 120), Replies: 10, Empty: never}, true, Complete},
		"it has not read that":     {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(a, 9, 5, 119), Replies: 10, Empty: never}, true, Doubtful},
		"the same second, empty":   {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(a, 5, 0, 20), Empty: never}, true, Partial},
		"it does not count":        {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(a, 9, 5, -1), Empty: never}, true, Complete},
		"another":                  {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, old, 5, 100), Silent: time.Second, Empty: never}, true, Doubtful},
		"another, while idle":      {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, old, 5, 100), Silent: time.Second, Empty: never}, false, Doubtful},
		"another, empty":           {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, old, 0, 100), Empty: never}, true, Partial},
		"another, does not count":  {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, old, -1, 100), Empty: never}, true, Doubtful},
		"began before we left":     {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, 7, 5, 100), Silent: 8 * time.Second, Empty: never}, true, Doubtful},
		"began after we left":      {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, 7, 5, 100), Silent: 8*time.Second + 1, Empty: never}, true, Partial},
		"was empty before we left": {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, old, 5, 100), Silent: time.Second, Empty: time.Second}, true, Doubtful},
		"was empty after we left":  {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(b, old, 5, 100), Silent: time.Second, Empty: time.Second - 1}, true, Partial},
		"says nothing any more":    {met(greeting(a, 5, 5, 100)), Meeting{Greeting: greeting(nobody, -1, 5, -1), Silent: time.Hour, Empty: never}, true, Doubtful},
		"says something now":       {met(greeting(nobody, -1, 5, -1)), Meeting{Greeting: greeting(a, old, 5, 100), Silent: time.Second, Empty: never}, true, Doubtful},
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

// What a machine knows of a server is handed on with what the server must have counted since.
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
	after.Remember(0, Greeting{}, true) // it did not say
	if !after.Reached(0) {
		t.Error("it is forgotten that it was reached")
	}
	after.Remember(0, Greeting{}, false) // nobody knew
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
