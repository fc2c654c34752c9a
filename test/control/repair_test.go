package control

import (
	"slices"
	"strings"
	"testing"

	"magent/test/harness"
)

// repair runs magent verify --repair, and wants its exit code and a part of what it prints.
func (s *started) repair(code int, part string, args ...string) {
	s.t.Helper()
	patiently := []string{"verify", "--repair", "--show", "0", "--timeout", "20s", "--connect-timeout", "20s"}
	args = append(patiently, args...)
	if slices.Contains(args, "--proxy") {
		args = append([]string{harness.Binary(s.t)}, args...)
		if got, stdout, stderr := harness.Run(s.t, args...); got != code || !strings.Contains(stdout+stderr, part) {
			s.t.Errorf("%s: %d, want %d and %q\n%s%s", strings.Join(args, " "), got, code, part, stdout, stderr)
		}
		return
	}
	s.soon(code, part, args...)
}

// A primary that is drained misses writes, which the backup alone has then. So a repair is refused, whichever magent
// is asked, and how. When the server is back, the repair is carried out, and finds nothing.
func TestRepairWaitsForServers(t *testing.T) {
	t.Parallel()
	for members, name := range map[int]string{1: "one", 3: "a fleet"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, copyOf := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
			servers := []string{"-s", a.Addr, "-s", b.Addr, "-b", copyOf.Addr}
			var all []*started
			if members == 1 {
				all = []*started{start(t, append(slices.Clone(servers), "--timeout", "8s", "--connect-timeout", "8s",
					"--probe-interval", "50ms")...)}
			} else {
				all = startFleet(t, members, servers...)
			}
			proxy := func(m *started) []string { return append(slices.Clone(servers), "--proxy", m.Addr) }
			writeAll(t, all[0].Addr, 0)
			all[0].soon(0, " is drained until ", "drain", a.Addr)
			writeAll(t, all[0].Addr, 1)
			for _, m := range all {
				m.repair(4, "primary "+a.Addr+" is drained: undrain it", servers...)
				m.repair(4, "refused: the magent at "+m.Addr+": pool magent: ", proxy(m)...)
			}
			readAll(t, all[0].Addr, 1)
			all[0].soon(0, " is undrained in pool ", "undrain", a.Addr)
			known(t, all, a, "up")
			for _, m := range all {
				m.repair(0, ": 0 differ ", servers...)
			}
			all[0].repair(4, "has other primaries or backups", "-s", a.Addr, "-b", copyOf.Addr)
			all[0].repair(4, "has none of these servers", "-s", "127.0.0.1:1", "-b", "127.0.0.1:2")
			if members == 1 {
				all[0].repair(0, ": 0 differ ", proxy(all[0])...)
			} else { // no member knows all servers by itself
				all[0].repair(4, "nobody who was asked knows how primary ", proxy(all[0])...)
			}
			readAll(t, all[0].Addr, 1)
		})
	}
}

// A magent that stands by does not know what its servers have missed. That is of no matter to a repair of others.
func TestRepairAsksAStandby(t *testing.T) {
	t.Parallel()
	a, b, c, d := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t),
		harness.StartMemcached(t)
	m := start(t, "-s", a.Addr, "-b", b.Addr, "--vip", "192.0.2.7")
	for _, asked := range [][]string{nil, {"--proxy", m.Addr}} {
		m.repair(4, ": pool magent: it stands by, and does not know", append(asked, "-s", a.Addr, "-b", b.Addr)...)
		m.repair(4, " has none of these servers", append(asked, "-s", c.Addr, "-b", d.Addr)...)
	}
}
