package stats

import (
	"strings"
	"testing"
)

// A server of two pools may be up in one of them only.
func TestElsewhere(t *testing.T) {
	s := Snapshot{Servers: []Server{
		{Pool: "a", Address: "1", State: StateUp},
		{Pool: "b", Address: "1", State: StateEjected},
		{Pool: "b", Address: "2", State: StateUp},
		{Pool: "a", Address: "2", State: StateUp},
	}}
	for i, want := range []string{"ejected in pool b: each", "up in pool a: each", "", ""} {
		if got := s.Elsewhere(&s.Servers[i]); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("server %d: %q, want %q", i, got, want)
		}
	}
}

func TestShares(t *testing.T) {
	list := func(servers ...Server) []Server { return servers }
	server := func(role, state string, weight int) Server {
		return Server{Pool: "p", Role: role, State: state, Weight: weight}
	}
	up, out, back := "up", "ejected", "warming"
	primary := func(state string) Server { return server("primary", state, 1) }
	backup := func(state string) Server { return server("backup", state, 1) }
	for name, c := range map[string]struct {
		moves   bool
		servers []Server
		want    Shares
	}{
		"none":            {},
		"all up":          {servers: list(primary(up), backup(up))},
		"a primary out":   {servers: list(primary(out), server("primary", up, 3), backup(up)), want: Shares{0, 0.25}},
		"a backup filled": {servers: list(primary(up), backup(back)), want: Shares{0, 1}},
		"both": {
			servers: list(primary(out), primary(up), backup(out), backup(up)),
			want:    Shares{0.25, 0.5},
		},
		"all out":         {servers: list(primary(out), backup(out)), want: Shares{1, 0}},
		"without backups": {servers: list(primary(out), primary(up)), want: Shares{0.5, 0}},
		"keys move":       {moves: true, servers: list(primary(out), primary(up))},
		"none to move to": {moves: true, servers: list(primary(out)), want: Shares{1, 0}},
		"another member":  {servers: list(server(Forwarded, "x", 1), backup(up))},
		"others, drained": {servers: list(server(Forwarded, StateDrained, 1), backup(StateDrained))},
		"no weight":       {servers: list(server("primary", out, 0), server("primary", up, 0)), want: Shares{0.5, 0}},
	} {
		p := Pool{Name: "p", Moves: c.moves}
		if got := p.Shares(&Snapshot{Servers: c.servers}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
