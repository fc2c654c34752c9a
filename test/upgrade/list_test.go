package upgrade

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// lists are fleets in front of the same servers, whose list of members changes.
type lists struct {
	t       *testing.T
	servers []string          // arguments
	links   map[string]string // by name: NAME=ADDRESS
	sites   map[string]*site
}

func newLists(t *testing.T) *lists {
	t.Helper()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	return &lists{
		t: t, links: map[string]string{}, sites: map[string]*site{},
		servers: []string{"-s", primary.Addr, "-b", backup.Addr},
	}
}

// list is what --fleet says of these members, which are named by one letter each.
func (l *lists) list(names string) string {
	var list []string
	for _, name := range strings.Split(names, "") {
		if l.links[name] == "" {
			l.links[name] = fmt.Sprintf("%s=127.0.0.1:%d", name, testkit.ReservePort(l.t))
		}
		list = append(list, l.links[name])
	}
	return strings.Join(list, ",")
}

// start starts a member, for the first time or again, with a list.
func (l *lists) start(name, names string) {
	l.t.Helper()
	if s := l.sites[name]; s != nil {
		s.args[slices.Index(s.args, "--fleet")+1] = l.list(names)
		s.restart()
		return
	}
	l.sites[name] = install(l.t, slices.Concat(l.servers, []string{
		"--fleet", l.list(names), "--member", name, "--fleet-lease", "5s", "--state-dir",
		filepath.Join(l.t.TempDir(), "state"),
	})...)
}

// stop ends members, one after the other.
func (l *lists) stop(names string) {
	l.t.Helper()
	for _, name := range strings.Split(names, "") {
		l.sites[name].first.Terminate()
		if code := l.sites[name].first.ExitCode(); code != 0 {
			l.t.Errorf("%s ended with %d", name, code)
		}
	}
}

// change has the fleet go on with another list, as docs/fleet.md says: all are stopped, and started with it.
func (l *lists) change(from, to string) {
	l.t.Helper()
	l.stop(from)
	for _, name := range strings.Split(to, "") {
		l.start(name, to)
	}
	l.awaitAlive(to)
}

// awaitAlive waits until all members see all others, and serve, and all servers are used.
func (l *lists) awaitAlive(names string) {
	l.t.Helper()
	for _, name := range strings.Split(names, "") {
		s := l.sites[name]
		s.awaitServed()
		testkit.Eventually(l.t, name+" sees "+names, func() error {
			stats := harness.Stats(l.t, s.addr, "fleet")
			for what, state := range stats {
				if strings.HasPrefix(what, "member:") && strings.HasSuffix(what, ":state") && state != "alive" {
					return fmt.Errorf("%s is %s", what, state)
				}
			}
			for _, other := range strings.Split(names, "") {
				if stats["member:"+other+":state"] != "alive" {
					return fmt.Errorf("it does not know %s", other)
				}
			}
			return l.allUp(l.sites[stats["view:owner"]])
		})
		s.awaitServed() // so all of them know that nothing is missed
	}
}

// allUp reports whether who decides uses all servers.
func (l *lists) allUp(owner *site) error {
	if owner == nil {
		return errors.New("nobody decides")
	}
	stats := harness.Stats(l.t, owner.addr, "servers")
	for i := range 2 {
		if state := stats[fmt.Sprintf("server:%d:state", i)]; state != "up" {
			return fmt.Errorf("server %d is %q", i, state)
		}
	}
	if stats["server:1:role"] != "backup" {
		return errors.New("the owner does not decide yet")
	}
	return nil
}

// TestFleetList: members are added, replaced and taken out, as docs/fleet.md says. What was stored is there.
func TestFleetList(t *testing.T) {
	t.Parallel()
	l := newLists(t)
	for _, name := range []string{"a", "b"} {
		l.start(name, "ab")
	}
	l.awaitAlive("ab")
	harness.WantServed(t, l.sites["a"].addr, harness.Set("kept", "1"), "STORED\r\n")
	for _, step := range []struct{ from, to string }{
		{"ab", "abc"},     // two to three
		{"abc", "abcde"},  // three to five
		{"eabcd", "abcd"}, // one less: it is stopped first
		{"dabc", "abcf"},  // replaced
	} {
		l.change(step.from, step.to)
		for _, name := range strings.Split(step.to, "") {
			harness.WantServed(t, l.sites[name].addr, "get kept\r\n", harness.Hit("kept", "1"))
		}
	}
}

// A member with a longer list does not disturb those that have the old one, and takes no part until all have the new
// one.
func TestFleetListOfOne(t *testing.T) {
	t.Parallel()
	l := newLists(t)
	for _, name := range []string{"a", "b", "c"} {
		l.start(name, "abc")
	}
	l.awaitAlive("abc")
	l.stop("c")
	l.start("c", "abcd")
	l.start("d", "abcd")
	l.sites["c"].awaitLog("the members were a,b,c, and are a,b,c,d now: all of them have to be there", 1)
	l.sites["a"].awaitServed()
	code, _, said := harness.Run(t, harness.Binary(t), "health", l.sites["c"].addr, "--within", "3s")
	if code == 0 {
		t.Errorf("c is ready with another list: %s", said)
	}
	l.stop("ab")
	l.start("a", "abcd")
	l.start("b", "abcd")
	l.awaitAlive("abcd")
}
