package stats

import "testing"

// A backup needs its share, by weight, of what the primaries of its pool may use.
func TestShort(t *testing.T) {
	const mb = 1 << 20
	server := func(pool, role string, weight int, limit uint64) Server {
		return Server{
			Pool: pool, Role: role, Address: role, Weight: weight, Stored: Stored{At: 100, MaxBytes: limit * mb},
		}
	}
	backup := func(limit uint64, weight int) Server { return server("a", "backup", weight, limit) }
	primary := server("a", "primary", 1, 64)
	for name, c := range map[string]struct {
		servers []Server
		want    []string
	}{
		"of two primaries": {
			[]Server{primary, primary, backup(64, 1)},
			[]string{"", "", "backup backup may use 64 MB, and its share of what the primaries may use is 128 MB"},
		},
		"the same":        {[]Server{primary, backup(64, 1)}, []string{"", ""}},
		"nearly the same": {[]Server{server("a", "primary", 1, 1000), backup(990, 1)}, []string{"", ""}},
		"by weight": {
			[]Server{primary, primary, primary, backup(144, 3), backup(40, 1)},
			[]string{
				"", "", "", "",
				"backup backup may use 40 MB, and its share of what the primaries may use is 48 MB",
			},
		},
		"one has told nothing": {
			[]Server{primary, {Pool: "a", Role: "primary", Weight: 1}, backup(64, 1)}, []string{"", "", ""},
		},
		"no backups":     {[]Server{primary, primary}, []string{"", ""}},
		"of other pools": {[]Server{server("b", "primary", 1, 640), primary, backup(64, 1)}, []string{"", "", ""}},
	} {
		s := Snapshot{Servers: c.servers}
		s.Measure()
		for i := range s.Servers {
			if got := s.Servers[i].Short(); got != c.want[i] {
				t.Errorf("%s, server %d: %q, want %q", name, i, got, c.want[i])
			}
		}
	}
}
