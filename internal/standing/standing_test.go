package standing

import (
	"strings"
	"testing"

	"magent/failover"
	"magent/internal/placement"
)

// Keys may move while a server is out of use if they move among the servers of one role, and the others have all keys.
// They may also move if no server ever had any. Otherwise the reason names the server, the wait, and the restart with
// its price.
func TestMayMove(t *testing.T) {
	up, missed := Server{Reached: true}, Server{Reached: true, Missed: true}
	ejected, returning := Server{Reached: true, State: failover.Ejected},
		Server{Reached: true, State: failover.Returning}
	warming, never := Server{Reached: true, State: failover.Warming}, Server{State: failover.Ejected}
	late := Server{Reached: true, Late: true}
	for name, c := range map[string]struct {
		primaries, backups bool      // whether keys move among them
		servers            [4]Server // two primaries, two backups
		want               string    // in the error; empty: they may
	}{
		"all up, both": {
			true, true,
			[4]Server{up, up, up, up},
			"those that move among both would be lost: change one of the two lists",
		},
		"all up, one lacks keys":    {true, false, [4]Server{up, up, missed, up}, ""},
		"a primary is out":          {true, false, [4]Server{ejected, up, up, up}, ""},
		"a primary was never there": {true, false, [4]Server{never, up, up, up}, ""},
		"all primaries are out":     {true, false, [4]Server{ejected, returning, up, up}, ""},
		"a primary returns":         {true, false, [4]Server{up, returning, up, up}, ""},
		"a primary is filled":       {true, false, [4]Server{up, warming, up, up}, ""},
		"a backup is out":           {false, true, [4]Server{up, up, up, ejected}, ""},
		"a backup was never there":  {false, true, [4]Server{up, up, never, up}, ""},
		"nobody was ever there":     {true, true, [4]Server{never, never, never, never}, ""},
		"both, a primary is out": {
			true, true,
			[4]Server{up, ejected, up, up},
			"those that move among both would be lost",
		},
		"both, a backup is filled": {
			true, true,
			[4]Server{up, up, up, warming},
			"those that move among both would be lost",
		},
		"both, one was never there": {
			true, true,
			[4]Server{never, up, up, up},
			"those that move among both would be lost",
		},
		"the other role is out": {
			true, false,
			[4]Server{up, up, up, ejected},
			"backup b1, which has to answer for them meanwhile, is ejected",
		},
		"the other role returns": {
			false, true,
			[4]Server{returning, up, up, up},
			"primary p0, which has to answer for them meanwhile, is returning",
		},
		"the other was never there": {
			false, true,
			[4]Server{up, never, up, ejected},
			"primary p1, which has to answer for them meanwhile, is ejected",
		},
		"the other role lacks keys": {
			true, false,
			[4]Server{ejected, up, up, missed},
			"backup b1, which has to answer for them meanwhile, has not got all of them, and primary p0 is ejected",
		},
		"the primaries lack keys": {
			false, true,
			[4]Server{up, missed, ejected, up},
			"primary p1, which has to answer for them meanwhile, has not got all of them, and backup b0 is ejected",
		},
		"the other role is late": {
			false, true,
			[4]Server{up, late, up, up},
			"primary p1, which has to answer for them meanwhile, has not answered all requests yet",
		},
		"the moving role is late":    {false, true, [4]Server{up, up, late, late}, ""},
		"the moving role lacks keys": {true, false, [4]Server{ejected, missed, up, up}, ""},
	} {
		m := &placement.Migration{Primaries: []bool{false, c.primaries}, Backups: []bool{c.backups, false}}
		for i := range c.servers {
			c.servers[i].Becomes = []string{"primary", "backup"}[i/2]
			c.servers[i].Role, c.servers[i].Address = []string{"primary", "backup"}[i/2],
				[]string{"p0", "p1", "b0", "b1"}[i]
		}
		switch err := MayMove(m, c.servers[:]); {
		case c.want == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case err == nil:
			t.Errorf("%s: they may move", name)
		case !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "wait until") ||
			!strings.HasSuffix(err.Error(), restart):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// Where keys are placed in another way, all of them move, and none can be kept. That is allowed while all servers are
// up.
func TestMayRehash(t *testing.T) {
	m := &placement.Migration{Primaries: []bool{true}, Backups: []bool{true}, Rehashed: true}
	servers := Servers{{Role: "primary", Address: "p", Reached: true}, {Role: "backup", Address: "b", Reached: true}}
	if err := MayMove(m, servers); err != nil {
		t.Error(err)
	}
	servers[1].State = failover.Warming
	if err := MayMove(m, servers); err == nil ||
		!strings.Contains(err.Error(), "backup b is warming: wait until it is up") {
		t.Errorf("got %v", err)
	}
	servers[1].State, servers[1].Late = failover.Up, true
	if err := MayMove(m, servers); err == nil ||
		!strings.Contains(err.Error(), "backup b has not answered all requests yet") {
		t.Errorf("got %v", err)
	}
}
