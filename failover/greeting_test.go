package failover

import (
	"testing"
	"time"
)

func TestReadGreeting(t *testing.T) {
	for said, want := range map[string]Greeting{
		"STAT pid 7\r\nSTAT uptime 5\r\nSTAT time 1005\r\nSTAT curr_items 3\r\nSTAT bytes_read 4\r\nSTAT " +
			"total_connections 6\r\nSTAT total_items 9\r\nEND\r\n": {
			Identity{7, 1000}, 5, 3, 4, 6, 9,
		},
		"STAT pid 7\r\nSTAT uptime 0\r\nSTAT time 1005\r\nEND\r\n":           {Identity{7, 1005}, 0, -1, -1, -1, -1},
		"STAT pid 7\r\nSTAT time 1005\r\nSTAT curr_items many\r\nEND\r\n":    {Identity{}, -1, -1, -1, -1, -1},
		"STAT uptime 5\r\nSTAT time 1005\r\nSTAT odd\r\nSTAT pid\r\nEND\r\n": {Identity{}, 5, -1, -1, -1, -1},
		"STAT pid 7\r\nSTAT uptime 5\r\nSTAT curr_items 3\r\nEND\r\n":        {Identity{}, 5, 3, -1, -1, -1},
		"ERROR\r\n": {Identity{}, -1, -1, -1, -1, -1},
	} {
		got := ReadGreeting([]byte(said))
		if got.Identity == (Identity{}) {
			want.PID, want.Start = 0, 0
		}
		if got != want {
			t.Errorf("%q: %+v, want %+v", said, got, want)
		}
	}
	if g := (Greeting{Uptime: 5}); g.Age() != 6*time.Second {
		t.Errorf("5 s of uptime are at most %v", g.Age())
	}
}

// TestGreetingContinues checks that a counter which has fallen proves another run, and that a
// missing one proves nothing.
func TestGreetingContinues(t *testing.T) {
	a := Greeting{Identity{1, 1000}, 5, 10, 100, 20, 30}
	for _, c := range []struct {
		change func(g *Greeting)
		want   bool
	}{
		{func(*Greeting) {}, true},
		{func(g *Greeting) { g.Uptime, g.Items = 9, 0 }, true},
		{func(g *Greeting) { g.Read, g.Connections, g.Stored = 1000, 1000, 1000 }, true},
		{func(g *Greeting) { g.Read, g.Connections, g.Stored = -1, -1, -1 }, true},
		{func(g *Greeting) { g.PID++ }, false},
		{func(g *Greeting) { g.Start-- }, false},
		{func(g *Greeting) { g.Identity = Identity{} }, false},
		{func(g *Greeting) { g.Read-- }, false},
		{func(g *Greeting) { g.Connections-- }, false},
		{func(g *Greeting) { g.Stored-- }, false},
	} {
		now := a
		c.change(&now)
		if got := now.Continues(a); got != c.want {
			t.Errorf("%+v: %v", now, got)
		}
	}
	later := a
	later.Read = 119
	if later.Continues(a.After(10)) {
		t.Error("ten more replies, and it has read less than ten requests")
	}
	if later.Read++; !later.Continues(a.After(10)) {
		t.Error("it has read ten of the smallest requests")
	}
}
