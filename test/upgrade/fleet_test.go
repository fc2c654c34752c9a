package upgrade

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// installFleet starts so many members, and waits until each of them serves.
func installFleet(t *testing.T, members int) (sites []*site) {
	t.Helper()
	return installFleetAs(t, harness.Binary(t), members)
}

// installFleetAs is installFleet for another binary.
func installFleetAs(t *testing.T, binary string, members int) (sites []*site) {
	t.Helper()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("m%d=127.0.0.1:%d", i, testkit.ReservePort(t)))
	}
	for i := range members {
		sites = append(sites, installAs(t, binary, "-s", primary.Addr, "-b", backup.Addr, "--fleet",
			strings.Join(list, ","), "--member", fmt.Sprint("m", i), "--fleet-lease", harness.Lease, "--state-dir",
			filepath.Join(t.TempDir(), "state")))
	}
	for _, s := range sites {
		s.awaitServed()
	}
	return sites
}

// awaitServed waits until a member has a value stored.
func (s *site) awaitServed() {
	s.t.Helper()
	testkit.Eventually(s.t, "the fleet decides", func() error {
		c, err := harness.Open(s.addr)
		if err != nil {
			return err
		}
		defer c.Close()
		if reply, err := c.Try(harness.Set("first", "1")); err != nil || reply != "STORED\r\n" {
			return fmt.Errorf("%q, %w", reply, err)
		}
		return nil
	})
}

// TestFleetUnderLoad upgrades one member after the other. No client of any member sees an error, and nothing that was
// acknowledged is lost.
func TestFleetUnderLoad(t *testing.T) {
	t.Parallel()
	one := harness.Binary(t)
	fleetUnderLoad(t, one, one)
}

// fleetUnderLoad starts a fleet of the first binary. Then the others take over, one after the other, member by member.
func fleetUnderLoad(t *testing.T, first string, then ...string) {
	t.Helper()
	sites := installFleetAs(t, first, 3)
	var ended atomic.Bool
	done := make(chan error, len(sites))
	all := make([][]*worker, len(sites))
	for i, s := range sites {
		all[i] = make([]*worker, 4)
		go loadAs(100*i, s.addr, all[i], &ended, done)
	}
	for _, binary := range then {
		for _, s := range sites {
			s.replace(binary)
			s.upgrade()
			s.awaitServed()
		}
	}
	ended.Store(true)
	for range sites {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for i, workers := range all {
		asked, broken, longest := 0, 0, workers[0].longest
		for _, w := range workers {
			asked, broken, longest = asked+w.asked, broken+w.broken, max(longest, w.longest)
		}
		t.Logf("m%d: %d requests, %d connections ended under a request, the longest answer took %v", i, asked, broken,
			longest)
		if asked < 100 || broken > 2*len(then)*len(workers) {
			t.Errorf("m%d: %d requests, %d connections ended under a request", i, asked, broken)
		}
	}
}

// TestFleetMemberLeaves: members are restarted one after the other, by SIGTERM. Clients of the others see no error.
func TestFleetMemberLeaves(t *testing.T) {
	t.Parallel()
	sites := installFleet(t, 3)
	for i, s := range sites {
		others := []*site{sites[(i+1)%3], sites[(i+2)%3]}
		var ended atomic.Bool
		done := make(chan error, len(others))
		for n, o := range others {
			go loadAs(1000*i+100*n, o.addr, make([]*worker, 4), &ended, done)
		}
		s.first.Signal(syscall.SIGTERM)
		if code := s.first.ExitCode(); code != 0 {
			t.Errorf("m%d ended with %d", i, code)
		}
		ended.Store(true)
		for range others {
			if err := <-done; err != nil {
				t.Errorf("m%d leaves: %v", i, err)
			}
		}
		s.restart()
		s.awaitServed()
	}
}
