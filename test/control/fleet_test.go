package control

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// startFleet starts so many members in front of the same servers, and waits until all serve.
func startFleet(t *testing.T, members int, servers ...string) (fleet []*started) {
	t.Helper()
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("m%d=127.0.0.1:%d", i, testkit.ReservePort(t)))
	}
	for i := range members {
		fleet = append(fleet, start(t, append([]string{
			"-p", fmt.Sprint(testkit.ReservePort(t)), "--fleet", strings.Join(list, ","), "--member",
			fmt.Sprint("m", i), "--fleet-lease", harness.Lease, "--state-dir", filepath.Join(t.TempDir(), "state"),
			"--timeout", "8s", "--connect-timeout", "8s", "--probe-interval", "50ms",
		}, servers...)...))
	}
	for _, m := range fleet {
		m.serves()
	}
	return fleet
}

// serves waits until a member has keys stored: each primary's may have an owner of their own.
func (s *started) serves() {
	s.t.Helper()
	for i := range 20 {
		testkit.Eventually(s.t, "the fleet decides", func() error {
			c, err := harness.Open(s.Addr)
			if err != nil {
				return err
			}
			defer c.Close()
			if reply, err := c.Try(harness.Set(fmt.Sprint(i, "-first"), "1")); err != nil || reply != "STORED\r\n" {
				return fmt.Errorf("%q, %w", reply, err)
			}
			return nil
		})
	}
}

// soon runs a command until it ends with a code and prints a part of a text: copies may just be compared, as the
// members did not start at once, and one may stand still for a moment.
func (s *started) soon(code int, part string, args ...string) {
	s.t.Helper()
	testkit.Eventually(s.t, strings.Join(args, " "), func() error {
		if got, stdout, stderr := s.command(args...); got != code || !strings.Contains(stdout+stderr, part) {
			return fmt.Errorf("%d, %s%s", got, stdout, stderr)
		}
		return nil
	})
}

// known waits until whoever decides for a server's keys has it in a state, with nothing left to be repaired.
func known(t *testing.T, fleet []*started, server *harness.Memcached, state string) {
	t.Helper()
	testkit.Eventually(t, server.Addr+" is "+state, func() error {
		all := ""
		for _, m := range fleet {
			stats := harness.Stats(t, m.Addr, "servers")
			for field, value := range stats {
				prefix, ok := strings.CutSuffix(field, ":address")
				if !ok || value != server.Addr || stats[prefix+":role"] == "forwarded" {
					continue
				}
				if is := stats[prefix+":state"]; is == state && (state != "up" || stats[prefix+":dirty_keys"] == "0") {
					return nil
				}
				all += fmt.Sprintln(m.Addr, stats[prefix+":state"], stats[prefix+":dirty_keys"])
			}
		}
		return errors.New(all)
	})
}

// shown waits until each member shows that a server is drained, and by whom, whether it decides for its keys or not.
func shown(t *testing.T, fleet []*started, server *harness.Memcached, by string) {
	t.Helper()
	for _, m := range fleet {
		testkit.Eventually(t, m.Addr+" shows "+server.Addr, func() error {
			stats := harness.Stats(t, m.Addr, "servers")
			for field, value := range stats {
				prefix, ok := strings.CutSuffix(field, ":address")
				if ok && value == server.Addr {
					if stats[prefix+":state"] == "drained" && strings.HasSuffix(stats[prefix+":drained_by"], by) {
						return nil
					}
					return fmt.Errorf("%s, by %s", stats[prefix+":state"], stats[prefix+":drained_by"])
				}
			}
			return errors.New("not at all")
		})
		m.soon(0, "One server is drained. Every key is served.", "status")
		m.soon(0, " serves", "health")
	}
}

// asked is what a memcached was asked for by others.
func asked(t *testing.T, server *harness.Memcached) string {
	t.Helper()
	stats := harness.Stats(t, server.Addr, "")
	return fmt.Sprint(stats["cmd_get"], " ", stats["cmd_set"], " ", stats["cmd_touch"], " ", stats["cmd_meta"])
}

// A member is asked to drain a server while clients of all members write and read: all do, whoever decides for its
// keys. It gets no request, and no client an error. Another member is asked to undrain it.
func TestFleetDrains(t *testing.T) {
	t.Parallel()
	a, b, copyOf := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	fleet := startFleet(t, 3, "-s", a.Addr, "-s", b.Addr, "-b", copyOf.Addr)
	var loads []*load
	for i, m := range fleet {
		loads = append(loads, startLoadOf(t, m.Addr, fmt.Sprint("m", i, "-")))
	}
	goOn := func() {
		for _, l := range loads {
			l.progress()
		}
	}
	writeAll(t, fleet[0].Addr, 0)
	for round, server := range []*harness.Memcached{a, b} { // the first two members decide for one each
		fleet[2].soon(0, " is drained until `magent undrain "+server.Addr+"`, on m0, m1, m2", "drain", server.Addr,
			"--reason", "new kernel")
		known(t, fleet, server, "drained")
		shown(t, fleet, server, " through m2")
		testkit.Eventually(t, "nobody is connected to it", func() error {
			if n := harness.Stats(t, server.Addr, "")["curr_connections"]; n != "1" { // this one
				return fmt.Errorf("%s connections", n)
			}
			return nil
		})
		before := asked(t, server)
		goOn()
		writeAll(t, fleet[1].Addr, round+1)
		readAll(t, fleet[0].Addr, round+1)
		if now := asked(t, server); now != before {
			t.Errorf("the drained server was asked: %s, and before %s", now, before)
		}
		fleet[0].soon(1, "is drained: wait until it is up", "drain", copyOf.Addr)
		fleet[1].soon(0, "drained already, by ", "drain", server.Addr)
		for _, m := range fleet {
			testkit.Until(t, "the log says who has asked", func() bool {
				return strings.Contains(m.Log(), ` through m2","reason":"new kernel"`)
			})
		}
		fleet[1].soon(0, "is undrained in pool magent, on m0, m1, m2", "undrain", server.Addr)
		known(t, fleet, server, "up")
		goOn()
		fleet[0].soon(1, "is not drained", "undrain", server.Addr)
	}
	for _, l := range loads {
		l.stop()
	}
	readAll(t, fleet[2].Addr, 2)
}

// While a member is away nothing is drained, and the command says what can be done. By force the others do it.
func TestFleetDrainsByAllOrNone(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	fleet := startFleet(t, 3, "-s", a.Addr, "-b", b.Addr)
	for _, m := range fleet {
		m.soon(1, `no pool has a server "10.9.9.9:1"`, "drain", "10.9.9.9:1")
	}
	fleet[1].Kill()
	fleet[0].serves()
	const remedy = "member m1 cannot be asked: nobody listens there: wait until it can, or do it on the others by " +
		"--force"
	fleet[2].soon(1, "not drained: "+remedy, "drain", b.Addr)
	left := []*started{fleet[0], fleet[2]}
	known(t, left, b, "up")
	fleet[2].soon(0, "is drained until `magent undrain "+b.Addr+"`, on m0, m2", "drain", b.Addr, "--force")
	known(t, left, b, "drained")
	testkit.Until(t, "the log says who does not know", func() bool {
		return strings.Contains(fleet[2].Log(), "not all members know yet which servers are drained")
	})
	if err := syscall.Kill(fleet[0].PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	fleet[2].soon(1, "not undrained: member m0 cannot be asked: no answer in time", "undrain", b.Addr)
	if err := syscall.Kill(fleet[0].PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// A member that was away, because it was killed or stood still, learns from the others what they were told meanwhile,
// and does it. It keeps that.
func TestFleetLearnsDrains(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	fleet := startFleet(t, 3, "-s", a.Addr, "-b", b.Addr)
	signal := func(m *started, s syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(m.PID, s); err != nil {
			t.Fatal(err)
		}
	}
	times := func(m *started, text string) int { return strings.Count(m.Log(), `"message":"`+text+":") }
	learns := func(m *started, text string, n int) {
		t.Helper()
		testkit.Until(t, "it has learned: "+text, func() bool { return times(m, text) == n })
	}
	unused := func() {
		t.Helper()
		testkit.Eventually(t, "nobody is connected to it", func() error {
			if n := harness.Stats(t, b.Addr, "")["curr_connections"]; n != "1" { // this one
				return fmt.Errorf("%s connections", n)
			}
			return nil
		})
	}
	const drained, undrained = "server drained", "server undrained"

	fleet[1].Kill()
	fleet[0].serves()
	fleet[2].soon(0, ", on m0, m2", "drain", b.Addr, "--force", "--reason", "new disk")
	fleet[1].Restart()
	learns(fleet[1], drained, 1)
	if !strings.Contains(fleet[1].Log(), ` through m2","reason":"new disk"`) {
		t.Error("it does not know who has asked, and why")
	}
	fleet[1].serves()
	unused()
	shown(t, fleet, b, " through m2")
	fleet[1].soon(0, "nothing to do", "drain", b.Addr)

	signal(fleet[2], syscall.SIGSTOP)
	fleet[0].soon(0, "is undrained in pool magent, on m0, m1", "undrain", b.Addr, "--force")
	signal(fleet[2], syscall.SIGCONT)
	learns(fleet[2], undrained, 1)
	known(t, fleet, b, "up")
	fleet[0].soon(1, "is not drained", "undrain", b.Addr)

	signal(fleet[2], syscall.SIGSTOP)
	fleet[0].soon(0, ", on m0, m1", "drain", b.Addr, "--force")
	signal(fleet[2], syscall.SIGCONT)
	learns(fleet[2], drained, 2)
	unused()

	fleet[0].Kill()
	fleet[1].serves()
	fleet[1].soon(0, "is undrained in pool magent, on m1, m2", "undrain", b.Addr, "--force")
	fleet[0].Restart() // it has kept that the server is drained
	learns(fleet[0], drained, 1)
	learns(fleet[0], undrained, 1)
	known(t, fleet, b, "up")
	for _, m := range fleet {
		m.Kill()
	}
	for _, m := range fleet {
		m.Restart()
	}
	for _, m := range fleet {
		m.serves()
		if times(m, drained) > 0 {
			t.Errorf("what was undrained is drained again:\n%s", m.Log())
		}
	}
}
