package reload

import (
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// turn has one member reload, which has all members change, and returns what the command says. A fleet in which a
// member stood still is asked again.
func (s *site) turn() (said string, err error) {
	s.t.Helper()
	for deadline := time.Now().Add(testkit.Patience); ; {
		out, err := exec.Command(harness.Binary(s.t), "reload", "--pid-file", s.pid, "-c", s.file).CombinedOutput()
		said = string(out)
		again := false
		for _, words := range []string{
			"not ready", "has not ended within", "try again", "lost the right", "is dead", "joins", "wait until",
			"just got a group",
		} {
			again = again || strings.Contains(said, words)
		}
		if err == nil || !again || time.Now().After(deadline) {
			return said, err
		}
		s.t.Logf("asked again: %s", said)
	}
}

// keeper writes keys of its own through a member, and reads them again.
func (v *visitor) keep(key string, ended *atomic.Bool, asked *atomic.Int64) error {
	for n := 0; !ended.Load(); n++ {
		value := fmt.Sprint(n)
		for _, q := range [][2]string{
			{harness.Set(key, value), "STORED\r\n"}, {"get " + key + "\r\n", harness.Hit(key, value)},
		} {
			if got, err := v.Try(q[0]); err != nil || got != q[1] {
				return fmt.Errorf("%.60q: %.60q, %w, want %.60q", q[0], got, err, q[1])
			}
			asked.Add(1)
		}
		time.Sleep(3 * time.Millisecond) // the rest of the machine is for others
	}
	return nil
}

// load is clients of all members that keep keys of their own.
type load struct {
	t     *testing.T
	ended atomic.Bool
	asked atomic.Int64
	done  chan error
	n     int
}

func startLoad(t *testing.T, sites []*site) *load {
	l := &load{t: t, done: make(chan error, 4*len(sites))}
	for i, s := range sites {
		for n := range 4 {
			v := s.visitor()
			l.n++
			go func() { l.done <- v.keep(fmt.Sprintf("%d-kept-through-%d", n, i), &l.ended, &l.asked) }()
		}
	}
	return l
}

// goesOn waits until so many more requests are answered.
func (l *load) goesOn(requests int64) {
	l.t.Helper()
	before := l.asked.Load()
	testkit.Until(l.t, "requests go on", func() bool { return l.asked.Load() > before+requests || len(l.done) > 0 })
}

func (l *load) end() {
	l.t.Helper()
	l.ended.Store(true)
	for range l.n {
		if err := <-l.done; err != nil {
			l.t.Error(err)
		}
	}
}

// fixed are keys that nobody writes meanwhile.
func fixed(v *visitor, keys int, value string) {
	v.s.t.Helper()
	for i := range keys {
		v.want(harness.Set(fmt.Sprintf("%d-fixed", i), value), "STORED\r\n")
	}
}

func wantFixed(sites []*site, keys int, value string) {
	for _, s := range sites {
		s.t.Helper()
		v := s.visitor()
		for i := range keys {
			v.want(fmt.Sprintf("get %d-fixed\r\n", i), harness.Hit(fmt.Sprintf("%d-fixed", i), value))
		}
		v.leave()
	}
}

// TestFleetChangesServers: the files of all members get another server, and one of the members is told. Clients of all
// of them see no error, no older value and no miss. With other files nobody changes, and the command names who differs
// in which line.
func TestFleetChangesServers(t *testing.T) {
	t.Parallel()
	var m []*harness.Memcached
	for range 4 {
		m = append(m, harness.StartMemcached(t))
	}
	named := strings.NewReplacer(m[0].Addr+":1\n", m[0].Addr+":1 first\n", m[1].Addr+":1\n", m[1].Addr+":1 second\n",
		m[2].Addr+":1\n", m[2].Addr+":1 third\n") // so ports do not decide which keys move
	file := func(listen string, servers ...*harness.Memcached) string {
		return named.Replace(backed(listen, servers, m[3:]))
	}
	sites := startFleet(t, 3, func(listen string) string { return file(listen, m[0], m[1]) })
	const keys = 100
	fixed(sites[0].visitor(), keys, "value0")
	l := startLoad(t, sites)
	l.goesOn(100)
	for n, servers := range [][]*harness.Memcached{m[:3], m[:2], m[:3]} {
		for _, s := range sites {
			s.allUp()
			s.write(file(s.proxy.Addr, servers...))
		}
		if said, err := sites[n].turn(); err != nil || !strings.Contains(said, "has read its file again") {
			t.Fatalf("%v: %s", err, said)
		}
		for _, s := range sites {
			s.await("configuration reloaded", n+1)
		}
		l.goesOn(100)
		wantFixed(sites, keys, fmt.Sprint("value", n))
		fixed(sites[2-n].visitor(), keys, fmt.Sprint("value", n+1))
	}
	if n := harness.Stats(t, m[2].Addr, "")["curr_items"]; n == "0" {
		t.Error("the new server has no key")
	}
	sites[0].write(file(sites[0].proxy.Addr, m[:2]...))
	sites[1].write(file(sites[1].proxy.Addr, m[:2]...))
	said, err := sites[0].turn()
	for _, want := range []string{
		`the file of m2 has other pools: only they have "primary ` + m[2].Addr, "nothing has changed",
	} {
		if err == nil || !strings.Contains(said, want) {
			t.Errorf("%v: %s, want %s", err, said, want)
		}
	}
	l.goesOn(100)
	l.end()
	wantFixed(sites, keys, "value3")
}

// TestFleetChangeIsCutShort: a member is killed while all change, sooner or later. Either all have the new servers
// then, or none has. The one that was killed is let in with the file that the others have, and with no other.
func TestFleetChangeIsCutShort(t *testing.T) {
	t.Parallel()
	var m []*harness.Memcached
	for range 4 {
		m = append(m, harness.StartMemcached(t))
	}
	file := func(listen string, servers int) string { return backed(listen, m[:servers], m[3:]) }
	sites := startFleet(t, 3, func(listen string) string { return file(listen, 2) })
	const keys = 50
	fixed(sites[0].visitor(), keys, "kept")
	has := 2
	for round := range 6 {
		wants := 5 - has // three, or two again
		for _, s := range sites {
			s.allAlive()
			s.servedAll()
			s.allUp()
			s.write(file(s.proxy.Addr, wants))
		}
		victim := sites[1+round%2]
		killed := make(chan struct{})
		go func() {
			time.Sleep(time.Duration(round) * 50 * time.Millisecond)
			victim.proxy.Kill()
			close(killed)
		}()
		out, err := exec.Command(harness.Binary(t), "reload", "--pid-file", sites[0].pid).CombinedOutput()
		<-killed
		t.Logf("round %d: %v: %s", round, err, out)
		if err == nil {
			has = wants
		}
		left := []*site{sites[0], sites[2-round%2]}
		for _, s := range left {
			s.servedAll()
		}
		if strings.Contains(string(out), "not known yet") && agrees(sites[0], wants) == nil {
			has = wants
		}
		wantFixed(left, keys, "kept")
		for _, s := range left {
			if err := agrees(s, has); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		victim.write(file(victim.proxy.Addr, 5-has))
		victim.proxy.Restart()
		victim.await("has other pools: ", 1)
		victim.write(file(victim.proxy.Addr, has))
		victim.proxy.Restart()
		victim.servedAll()
		wantFixed(sites, keys, "kept")
	}
}

// TestFleetChangeWithoutMajority: two of three members are killed while all change. The third says so, and its clients
// are answered, with errors. When the others are back nothing is lost, and the change can be made.
func TestFleetChangeWithoutMajority(t *testing.T) {
	t.Parallel()
	var m []*harness.Memcached
	for range 4 {
		m = append(m, harness.StartMemcached(t))
	}
	file := func(listen string, servers int) string { return backed(listen, m[:servers], m[3:]) }
	sites := startFleet(t, 3, func(listen string) string { return file(listen, 2) })
	const keys = 50
	fixed(sites[0].visitor(), keys, "kept")
	for _, s := range sites {
		s.allAlive()
		s.write(file(s.proxy.Addr, 3))
	}
	verdict := make(chan error, 1)
	go func() {
		out, err := exec.Command(harness.Binary(t), "reload", "--pid-file", sites[0].pid).CombinedOutput()
		t.Logf("%v: %s", err, out)
		undecided := strings.Contains(string(out), "not known yet")
		if err != nil && undecided == strings.Contains(string(out), "nothing has changed") {
			t.Error("it does not say that nothing has changed, or that this is not known, or it says both")
		}
		verdict <- err
	}()
	sites[0].await("is ready for other pools", 1)
	for _, s := range sites[1:] { // at the same time
		if err := syscall.Kill(s.proxy.PID, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range sites[1:] {
		s.proxy.Kill()
	}
	_ = testkit.Await(t, "a verdict", verdict)
	testkit.Until(t, "a client is answered", func() bool {
		c := harness.Dial(t, sites[0].proxy.Addr)
		defer c.Close()
		reply, err := c.Try("get 1-fixed\r\n")
		return err == nil && strings.HasPrefix(reply, "SERVER_ERROR fleet: ")
	})
	has := 2
	for refused := true; refused; has++ { // they may have been faster
		for _, s := range sites[1:] {
			s.write(file(s.proxy.Addr, has))
			s.proxy.Restart()
		}
		if refused = sites[1].isRefused(); !refused {
			break
		}
	}
	for _, s := range sites {
		s.servedAll()
		s.allAlive()
		s.allUp()
		if err := agrees(s, has); err != nil {
			t.Error(err)
		}
	}
	wantFixed(sites, keys, "kept")
	for _, s := range sites {
		s.write(file(s.proxy.Addr, 3))
	}
	if said, err := sites[0].turn(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
	wantFixed(sites, keys, "kept")
}

// isRefused waits until the fleet serves through a member, or does not let it in because it has other pools.
func (s *site) isRefused() (refused bool) {
	s.t.Helper()
	testkit.Eventually(s.t, "a member is let in, or not", func() error {
		if refused = strings.Contains(s.proxy.Log(), "has other pools: "); refused {
			return nil
		}
		c, err := harness.Open(s.proxy.Addr)
		if err != nil {
			return err
		}
		defer c.Close()
		if reply, err := c.Try(harness.Set("let-in", "1")); err != nil || reply != "STORED\r\n" {
			return fmt.Errorf("%q, %w", reply, err)
		}
		return nil
	})
	return refused
}

// allAlive waits until a member has all members as alive.
func (s *site) allAlive() {
	s.t.Helper()
	testkit.Eventually(s.t, "all members are alive", func() error {
		alive := 0
		for name, value := range harness.Stats(s.t, s.proxy.Addr, "fleet") {
			if strings.HasPrefix(name, "member:") && strings.HasSuffix(name, ":state") && value == "alive" {
				alive++
			}
		}
		if alive < len(s.fleet) {
			return fmt.Errorf("%d of %d are", alive, len(s.fleet))
		}
		return nil
	})
}

// agrees says whether a member has so many primaries.
func agrees(s *site, primaries int) error {
	found := map[string]bool{}
	for name, value := range harness.Stats(s.t, s.proxy.Addr, "servers") {
		if server, ok := strings.CutSuffix(name, ":role"); ok && value != "backup" {
			found[server] = true
		}
	}
	if len(found) != primaries {
		return fmt.Errorf("%s has the primaries %v, and should have %d", s.proxy.Addr, found, primaries)
	}
	return nil
}
