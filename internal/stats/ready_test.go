package stats

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestUnready(t *testing.T) {
	for name, c := range map[string]struct {
		moves  bool
		states string // of the primaries, a blank, and of the backups: u up, e ejected, r returning, w warming,
		// f: up, and forwarded; d: drained, and forwarded
		want []string
	}{
		"all up":              {states: "uu u"},
		"a primary out":       {states: "eu u"},
		"all primaries out":   {states: "ee u"},
		"a primary is filled": {states: "wu uu"},
		"all backups out":     {states: "uu ee"},
		"both copies out": {
			states: "eu e",
			want:   []string{"pool main: primary p0 is ejected (why); backup b0 is ejected (why)"},
		},
		"nothing up": {
			states: "e e",
			want:   []string{"pool main serves nothing: primary p0 is ejected (why); backup b0 is ejected (why)"},
		},
		"one of two backups out": {
			states: "eu ue",
			want:   []string{"pool main: primary p0 is ejected (why); backup b1 is ejected (why)"},
		},
		"both return": {
			states: "r r",
			want:   []string{"pool main serves nothing: primary p0 is returning (why); backup b0 is returning (why)"},
		},
		"without backups":        {states: "eu ", want: []string{"pool main: primary p0 is ejected (why)"}},
		"all up without backups": {states: "uu "},
		"keys move":              {moves: true, states: "eu "},
		"keys have nowhere to move": {
			moves: true, states: "ee ",
			want: []string{"pool main serves nothing: primary p0 is ejected (why); primary p1 is ejected (why)"},
		},
		"no servers yet": {states: " "},
		"another member decides for the other one": {
			states: "ef ", want: []string{"pool main: primary p0 is ejected (why)"},
		},
		"other members decide":              {states: "ff "},
		"and a server of theirs is drained": {states: "d "},
		"and a backup of theirs is":         {states: "f e"},
	} {
		s := &Snapshot{Servers: []Server{{Pool: "first", Role: "primary", State: "up"}}}
		role, n := "primary", 0
		for _, state := range c.states {
			if state == ' ' {
				role, n = "backup", 0
				continue
			}
			v := Server{Pool: "main", Role: role, Address: role[:1] + string(rune('0'+n)), State: "up"}
			if state == 'f' {
				v.Role = Forwarded
			} else if state == 'd' {
				v.Role, v.State = Forwarded, StateDrained
			} else if state != 'u' {
				v.State, v.LastError = map[rune]string{'e': "ejected", 'r': "returning", 'w': "warming"}[state], "why"
			}
			s.Servers = append(s.Servers, v)
			n++
		}
		s.Servers = append(s.Servers, Server{Pool: "last", Role: "primary", State: "up"})
		p := &Process{Pools: []Pool{{Name: "first"}, {Name: "main", Moves: c.moves}, {Name: "last"}}}
		if got := Unready(p, s); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestServes: a single pool that serves some keys is enough.
func TestServes(t *testing.T) {
	for states, want := range map[string]bool{
		"u": true, "e": false, "ee ": false, "eu": true, "e u": true, "w r": false, "e|u": true, "e e|r w": false,
		"e|": true, "d": true,
	} {
		p, s := &Process{}, &Snapshot{}
		for i, pool := range strings.Split(states, "|") {
			name := fmt.Sprint(i)
			p.Pools = append(p.Pools, Pool{Name: name})
			for _, state := range strings.ReplaceAll(pool, " ", "") {
				role := map[rune]string{'d': Forwarded}[state]
				s.Servers = append(s.Servers,
					Server{Pool: name, Role: role, State: map[rune]string{
						'u': "up", 'e': "ejected", 'r': "returning",
						'w': "warming", 'd': "drained",
					}[state]})
			}
		}
		if got := Serves(p, s); got != want {
			t.Errorf("%q: %v", states, got)
		}
	}
}
