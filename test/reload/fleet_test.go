package reload

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// startFleet starts members of a fleet, each with a file of its own, and waits until all serve. pools gives the file
// of a member that listens at an address.
func startFleet(t *testing.T, members int, pools func(listen string) string) (sites []*site) {
	t.Helper()
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("m%d=127.0.0.1:%d", i, testkit.ReservePort(t)))
	}
	for i := range members {
		sites = append(sites, start(t, pools(testkit.DeadAddr(t)), "--fleet", strings.Join(list, ","), "--member",
			fmt.Sprint("m", i), "--fleet-lease", harness.Lease, "--state-dir", filepath.Join(t.TempDir(), "state")))
	}
	for _, s := range sites {
		s.fleet = sites
		s.servedAll()
	}
	return sites
}

// lapsed reports whether a member of the fleet has lost the right to decide, because it or another one stood still for
// too long. Members refuse for a moment then, and may end connections.
func (s *site) lapsed() bool {
	return slices.ContainsFunc(s.fleet, func(m *site) bool {
		log := m.proxy.Log()
		return strings.Contains(log, "this member decides for nothing any more") ||
			strings.Contains(log, "this member was put out of the view")
	})
}

// visitor is a client of a member, with requests that may be repeated: it does that where it was refused because a
// member lapsed. A refusal for any other reason is an error.
type visitor struct {
	s *site
	c *harness.Client // nil: not connected
}

func (s *site) visitor() *visitor {
	v := &visitor{s: s}
	s.t.Cleanup(v.leave)
	return v
}

func (v *visitor) leave() {
	if v.c != nil {
		v.c.Close()
	}
	v.c = nil
}

// Try is as that of harness.Client.
func (v *visitor) Try(request string) (string, error) {
	var refused error
	for deadline := time.Now().Add(testkit.Patience); time.Now().Before(deadline); harness.Breathe() {
		reply, err := v.once(request)
		bad := err != nil || strings.HasPrefix(reply, "SERVER_ERROR ")
		if !bad && refused == nil {
			return reply, nil
		}
		if !bad && v.s.lapsed() {
			v.s.t.Logf("a member lapsed, and it was asked again: %v", refused)
			return reply, nil
		}
		if bad && refused == nil {
			refused = fmt.Errorf("refused: %q, %v", reply, err)
		}
	}
	return "", refused
}

func (v *visitor) once(request string) (reply string, err error) {
	if v.c == nil {
		if v.c, err = harness.Open(v.s.proxy.Addr); err != nil {
			return "", err
		}
	}
	if reply, err = v.c.Try(request); err != nil {
		v.leave()
	}
	return reply, err
}

func (v *visitor) want(request, want string) {
	v.s.t.Helper()
	if got, err := v.Try(request); err != nil || got != want {
		v.s.t.Fatalf("%.80q: got %.200q, %v, want %.200q", request, got, err, want)
	}
}

// servedAll waits until a member has keys of all servers stored: each of them may have an owner of its own.
func (s *site) servedAll() {
	s.t.Helper()
	for key := range 30 {
		s.served(fmt.Sprintf("%d-several-keys", key)) // hashes of keys that only end differently are similar
	}
}

// served waits until a member has a value stored.
func (s *site) served(key string) {
	s.t.Helper()
	testkit.Eventually(s.t, "the fleet decides for "+key, func() error {
		c, err := harness.Open(s.proxy.Addr)
		if err != nil {
			return err
		}
		defer c.Close()
		if reply, err := c.Try(harness.Set(key, "1")); err != nil || reply != "STORED\r\n" {
			return fmt.Errorf("%q, %w", reply, err)
		}
		return nil
	})
}

// TestFleetReloads: each member changes what does not place keys while clients of all of them write and read. Nobody
// sees an error, no connection ends, and no request is lost.
func TestFleetReloads(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	file := func(listen string, limit int) string {
		return calm(pool("main", listen, a, b)) + fmt.Sprintf("  client_connections: %d\n", limit)
	}
	sites := startFleet(t, 3, func(listen string) string { return file(listen, 100) })
	var ended atomic.Bool
	var asked atomic.Int64
	done := make(chan error, len(sites))
	for i, s := range sites {
		var clients []client
		for range 4 {
			clients = append(clients, s.visitor())
		}
		go work(fmt.Sprint("m", i, "-"), clients, &ended, &asked, done)
	}
	for n := range 5 {
		for _, s := range sites {
			s.reload(file(s.proxy.Addr, 200+n))
			before := asked.Load()
			testkit.Until(t, "requests go on", func() bool { return asked.Load() > before+100 || len(done) > 0 })
		}
	}
	ended.Store(true)
	for range sites {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	s := sites[1]
	s.write(pool("main", s.proxy.Addr, a))
	said, err := s.turn()
	if why := ` has other pools: only they have "primary ` + b.Addr; err == nil || !strings.Contains(said, why) {
		t.Errorf("other pools: %v, %q, want %q", err, said, why) // m0 has them, or m2: the first to say so
	}
	s.visitor().want(harness.Set("k", "1"), "STORED\r\n")
	refused := strings.Count(s.proxy.Log(), "the configuration was not applied")
	got := harness.Stats(t, s.proxy.Addr, "")["proxy_config_reload_fails"]
	if refused == 0 || got != fmt.Sprint(refused) {
		t.Errorf("%s reloads have failed, %d are in the log", got, refused)
	}
}

// TestFleetRestartsWithOtherServers: what places keys changes with a restart of all members, one after the other.
// Those that have the new file wait, and say so, until the last one has it, too. Then all serve, with all servers.
func TestFleetRestartsWithOtherServers(t *testing.T) {
	t.Parallel()
	a, b, c := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	named := strings.NewReplacer(a.Addr+":1\n", a.Addr+":1 first\n", b.Addr+":1\n", b.Addr+":1 second\n",
		c.Addr+":1\n", c.Addr+":1 third\n") // so ports do not decide which keys the new server gets
	file := func(listen string, servers ...*harness.Memcached) string {
		return named.Replace(calm(pool("main", listen, servers...)))
	}
	sites := startFleet(t, 3, func(listen string) string { return file(listen, a, b) })
	for i, s := range sites {
		s.write(file(s.proxy.Addr, a, b, c))
		s.proxy.Terminate()
		if code := s.proxy.ExitCode(); code != 0 {
			t.Errorf("m%d ended with %d", i, code)
		}
		s.proxy.Restart()
		if i < 2 {
			s.await(`other pools: only they have \"primary `+c.Addr, 1)
			for _, left := range sites[i+1:] {
				left.servedAll()
			}
		}
	}
	for _, s := range sites {
		s.servedAll()
	}
	if n := harness.Stats(t, c.Addr, "")["curr_items"]; n == "0" {
		t.Error("the new server has no key")
	}
}
