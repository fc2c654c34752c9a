package packaging

import (
	"path/filepath"
	"slices"
	"testing"

	"magent/test/netns"
)

// rolls changes three hosts one after the other, under load, and has the address move.
func (s *site) rolls(client *netns.Space, package_ string) {
	s.t.Helper()
	t, addrs := s.t, []string{netns.Virtual + ":12000"}
	for _, h := range s.hosts {
		addrs = append(addrs, h.addr+":12000")
	}
	users := startUsers(t, client, addrs...)
	more(t, users)
	s.told()

	if code, said := s.play(map[string]any{"magent_pool": poolWith(800)}, "--check"); code != 0 || s.told() != "" {
		t.Errorf("--check: exit code %d, %s", code, said)
	}

	before := s.pids()
	s.apply(map[string]any{"magent_package": newer(t, package_)})
	unharmed(t, users, "a new version")
	for i, pid := range s.pids() {
		if pid == before[i] {
			t.Errorf("the old version runs on %s", s.hosts[i].Name)
		}
	}

	s.told()
	before = s.pids()
	s.apply(map[string]any{"magent_pool": poolWith(900)})
	unharmed(t, users, "another timeout")
	if now := s.pids(); !slices.Equal(now, before) || s.told() != "" {
		t.Errorf("another timeout is more than a reload: the processes were %v, and are %v", before, now)
	}

	s.apply(map[string]any{"magent_environment": map[string]any{"MAGENT_FLEET_LEASE": "5s", "MAGENT_THREADS": 2}})
	unharmed(t, users, "another variable")
	if got := s.told(); got != "restart magent@cache;restart magent@cache;restart magent@cache;" {
		t.Errorf("another variable: %s", got)
	}

	s.moves(users)
	for range 2 {
		s.refused(map[string]any{"magent_backups": []string{}}, "what places keys cannot change while a fleet runs")
	}
	more(t, users)
}

// moves ends a magent that has the address, and then a keepalived.
func (s *site) moves(users []*user) {
	s.t.Helper()
	first := holder(s.t, s.hosts, nil)
	first.sh(s.t, "kill -9 $(cat /run/magent/cache/pid)")
	second := holder(s.t, s.hosts, first)
	more(s.t, users[:1])
	first.sh(s.t, "systemctl start magent@cache")
	first.serves(s.t)
	second.sh(s.t, "kill $(cat /run/keepalived.pid)")
	holder(s.t, s.hosts, second)
	more(s.t, users)
	second.sh(s.t, "systemctl start keepalived")
}

// newer makes a package with another version of one.
func newer(t *testing.T, package_ string) (path string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "newer.deb")
	run(t, "dpkg-deb", "--raw-extract", package_, filepath.Join(dir, "tree"))
	run(t, "sed", "-i", "s/^Version: .*/&+newer/", filepath.Join(dir, "tree/DEBIAN/control"))
	run(t, "dpkg-deb", "-Znone", "--build", filepath.Join(dir, "tree"), path)
	return path
}

// pids are the numbers of the magents.
func (s *site) pids() (all []string) {
	s.t.Helper()
	for _, h := range s.hosts {
		all = append(all, h.pid(s.t))
	}
	return all
}

// told returns what systemctl was told to change on all hosts since the last call.
func (s *site) told() (all string) {
	s.t.Helper()
	for _, h := range s.hosts {
		all += h.told(s.t)
	}
	return all
}
