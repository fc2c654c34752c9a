package reload

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// row is a pool in the files of all members.
type row struct {
	name, at       string // at: which address it has on each member; empty: the first
	servers, backs []*harness.Memcached
	redis          *testkit.Redis // in their place
	more           string         // other lines
}

// several is a fleet whose members have several pools, each at an address of its own on each member.
type several struct {
	t     *testing.T
	sites []*site
	ports map[string]string // by the first address of a member, and at
}

func startSeveral(t *testing.T, rows ...row) *several {
	t.Helper()
	f := &several{t: t, ports: map[string]string{}}
	f.sites = startFleet(t, 3, func(listen string) string { return f.file(listen, rows...) })
	for _, s := range f.sites {
		s.allAlive()
		s.allUp()
	}
	return f
}

// addr is where a member has a pool.
func (f *several) addr(first, at string) string {
	if at == "" {
		return first
	}
	if f.ports[first+at] == "" {
		f.ports[first+at] = testkit.DeadAddr(f.t)
	}
	return f.ports[first+at]
}

func (f *several) file(first string, rows ...row) (text string) {
	for _, r := range rows {
		text += calm(pool(r.name, f.addr(first, r.at), r.servers...))
		if r.redis != nil {
			text += fmt.Sprintf("   - %s:1\n  redis: true\n", r.redis.Addr)
		}
		if len(r.backs) > 0 {
			text += "  probe_interval: 50\n  backups:\n"
		}
		for _, m := range r.backs {
			text += fmt.Sprintf("   - %s:1\n", m.Addr)
		}
		text += r.more
	}
	return text
}

func (f *several) write(rows ...row) {
	for _, s := range f.sites {
		s.write(f.file(s.proxy.Addr, rows...))
	}
}

// turn has all members have these pools. One of them is told, and all are waited for.
func (f *several) turn(teller int, rows ...row) {
	f.t.Helper()
	f.write(rows...)
	before := make([]int, len(f.sites))
	for i, s := range f.sites {
		before[i] = strings.Count(s.proxy.Log(), reloaded)
	}
	if said, err := f.sites[teller].turn(); err != nil {
		f.t.Fatalf("%v: %s", err, said)
	}
	for i, s := range f.sites { // clients of a pool that has gone are sent away until then
		s.await(reloaded, before[i]+1)
	}
}

const reloaded = "configuration reloaded"

// each member answers a request at an address.
func (f *several) each(at, request, want string) {
	f.t.Helper()
	for i, s := range f.sites {
		testkit.Eventually(f.t, fmt.Sprintf("m%d answers %.40q at %s", i, request, at), func() error {
			c, err := harness.Open(f.addr(s.proxy.Addr, at))
			if err != nil {
				return err
			}
			defer c.Close()
			if got, err := c.Try(request); err != nil || got != want {
				return fmt.Errorf("%q, %w, want %q", got, err, want)
			}
			return nil
		})
	}
}

// closed waits until no member listens at an address.
func (f *several) closed(at string) {
	f.t.Helper()
	for _, s := range f.sites {
		testkit.Until(f.t, "the address of a pool that has gone is closed", func() bool {
			c, err := harness.Open(f.addr(s.proxy.Addr, at))
			if err == nil {
				c.Close()
			}
			return err != nil
		})
	}
}

// sentAway expects a client of a pool that has gone to be answered, if it is served at all, and to be sent away.
func sentAway(t *testing.T, c *harness.Client) {
	t.Helper()
	_ = c.TrySend("get key\r\n")
	rest, err := c.TryRest()
	if err != nil || rest != "" && rest != "SERVER_ERROR the pool was removed or changed by a reload\r\n" {
		t.Errorf("a client of a pool that has gone got %q, %v", rest, err)
	}
}

// TestFleetPoolsComeAndGo: a reload of any member adds, renames, removes and reorders whole pools of all members,
// among them two that exchange their names, and one that gets another address. Clients of the pool that stays see
// nothing of that. Those of a pool that goes are sent away. Values stay with their servers. Pools of Redis do not
// mind.
func TestFleetPoolsComeAndGo(t *testing.T) {
	t.Parallel()
	var m []*harness.Memcached
	for range 8 {
		m = append(m, harness.StartMemcached(t))
	}
	red := row{name: "red", at: "r", redis: testkit.StartRedis(t)}
	stays := row{name: "stays", servers: m[:2], backs: m[2:3]}
	one := row{name: "one", at: "1", servers: m[3:4], backs: m[4:5]}
	two := row{name: "two", at: "2", servers: m[5:7], backs: m[7:8]}
	f := startSeveral(t, stays, one)
	fixed(f.sites[0].visitor(), 20, "stays")
	f.each("1", harness.Set("key", "one"), "STORED\r\n")
	l := startLoad(t, f.sites)
	l.goesOn(50)

	f.turn(0, two, stays, one, red) // two are added, one of them in front
	f.each("2", harness.Set("key", "two"), "STORED\r\n")
	f.each("r", "*1\r\n$4\r\nPING\r\n", "+PONG\r\n")
	l.goesOn(50)

	var clients []*harness.Client
	for _, s := range f.sites {
		c := harness.Dial(t, f.addr(s.proxy.Addr, "2"))
		c.Want("get key\r\n", harness.Hit("key", "two"))
		clients = append(clients, c)
	}
	renamed := two
	renamed.name = "three"
	f.turn(1, red, stays, one, renamed)
	for _, c := range clients {
		sentAway(t, c)
	}
	f.each("2", "get key\r\n", harness.Hit("key", "two"))
	l.goesOn(50)

	one.name, renamed.name = renamed.name, one.name // each keeps its address, and its servers
	f.turn(2, red, stays, one, renamed)
	f.each("1", "get key\r\n", harness.Hit("key", "one"))
	f.each("2", "get key\r\n", harness.Hit("key", "two"))
	l.goesOn(50)

	renamed.at = "3"
	f.write(red, stays, one, renamed)
	for i, s := range f.sites { // this is no change for all, so each is told
		if said, err := s.turn(); err != nil {
			t.Fatalf("m%d: %v: %s", i, err, said)
		}
	}
	f.each("3", "get key\r\n", harness.Hit("key", "two"))
	f.closed("2")

	f.turn(1, stays, one)
	f.closed("r")
	f.closed("3")
	f.each("1", "get key\r\n", harness.Hit("key", "one"))
	l.goesOn(50)
	l.end()
	wantFixed(f.sites, 20, "stays")
	for _, s := range f.sites {
		known := harness.Stats(t, s.proxy.Addr, "servers")
		if len(known) == 0 || fieldOf(known, m[5].Addr, "role") != "" {
			t.Errorf("%s shows servers of a pool that has gone", s.proxy.Addr)
		}
	}
	again := f.sites[1]
	again.proxy.Terminate()
	if code := again.proxy.ExitCode(); code != 0 {
		t.Errorf("m1 ended with %d", code)
	}
	again.proxy.Restart()
	again.allAlive() // it has the pools of the others, in their order
	f.each("1", "get key\r\n", harness.Hit("key", "one"))
}

// TestFleetPoolsAreCutShort: a member is killed while one pool comes and another one goes, sooner or later. Either the
// others have the pools of the new file then, or those of the one before. The one that was killed is let in with the
// same.
func TestFleetPoolsAreCutShort(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	stays := row{name: "stays", servers: list(a)}
	has, wants := row{name: "x", at: "x", servers: list(b)}, row{name: "y", at: "y", servers: list(b)}
	f := startSeveral(t, stays, has)
	f.each(has.at, harness.Set("key", "kept"), "STORED\r\n")
	fixed(f.sites[0].visitor(), 20, "kept")
	for round := range 4 {
		for _, s := range f.sites {
			s.allAlive()
			s.allUp()
		}
		f.write(stays, wants)
		n := 1 + round%2
		victim, killed := f.sites[n], make(chan struct{})
		go func() {
			time.Sleep(time.Duration(round) * 60 * time.Millisecond)
			victim.proxy.Kill()
			close(killed)
		}()
		out, err := exec.Command(harness.Binary(t), "reload", "--pid-file", f.sites[0].pid).CombinedOutput()
		<-killed
		t.Logf("round %d: %v: %s", round, err, out)
		everybody := f.sites
		f.sites = []*site{everybody[0], everybody[3-n]}
		if err == nil {
			has, wants = wants, has
		}
		if strings.Contains(string(out), "not known yet") {
			testkit.Until(t, "it is known", func() bool {
				_, err := harness.Open(f.addr(f.sites[0].proxy.Addr, wants.at))
				if err == nil {
					has, wants = wants, has
				}
				return err == nil || strings.Contains(f.sites[0].proxy.Log(), "the pools stay as they are")
			})
		}
		f.each(has.at, "get key\r\n", harness.Hit("key", "kept"))
		f.closed(wants.at)
		f.sites = everybody
		victim.write(f.file(victim.proxy.Addr, stays, wants))
		victim.proxy.Restart()
		victim.await("has other pools: ", 1)
		for _, s := range f.sites {
			s.write(f.file(s.proxy.Addr, stays, has))
		}
		victim.proxy.Restart()
		f.each(has.at, "get key\r\n", harness.Hit("key", "kept"))
		wantFixed(f.sites, 20, "kept")
	}
}

// TestFleetPoolsAreRefused: a file that differs, and an address that one member cannot have, change nothing anywhere.
// The command says which member it is, and what is wrong.
func TestFleetPoolsAreRefused(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	stays, more := row{name: "stays", servers: list(a)}, row{name: "more", at: "m", servers: list(b)}
	f := startSeveral(t, stays)
	l := startLoad(t, f.sites)
	refused := func(words ...string) {
		t.Helper()
		said, err := f.sites[0].turn()
		for _, want := range append(words, "nothing has changed") {
			if err == nil || !strings.Contains(said, want) {
				t.Errorf("%v: %s, want %s", err, said, want)
			}
		}
		f.closed("m")
		l.goesOn(20)
	}
	f.write(stays, more)
	f.sites[2].write(f.file(f.sites[2].proxy.Addr, stays))
	refused("the file of m2 has other pools: they lack \"pool more: ")
	f.sites[2].write(f.file(f.sites[2].proxy.Addr, stays, row{name: "more", at: "m", servers: list(a)}))
	refused("the file of m2 has other pools: only they have \"primary " + a.Addr + " of more")
	taken := testkit.ListenOn(t, "tcp", f.addr(f.sites[2].proxy.Addr, "m"))
	f.write(stays, more)
	said, err := f.sites[0].turn()
	if want := "m2: cannot listen on " + taken.Addr().String(); err == nil || !strings.Contains(said, want) {
		t.Errorf("%v: %s, want %s", err, said, want)
	}
	_ = taken.Close()
	f.closed("m")
	f.turn(0, stays, more)
	f.each("m", harness.Set("key", "more"), "STORED\r\n")
	l.goesOn(20)
	l.end()
}

// TestFleetPoolIsRenamed: what a server has missed is known to the pool that has it under another name. So the server
// gets it before it is read.
func TestFleetPoolIsRenamed(t *testing.T) {
	t.Parallel()
	var m []*harness.Memcached
	for range 4 {
		m = append(m, harness.StartMemcached(t))
	}
	other := row{name: "other", at: "o", servers: m[3:]}
	was := row{name: "was", servers: m[:2], backs: m[2:3]}
	f := startSeveral(t, was, other)
	const keys = 60
	v := f.sites[0].visitor()
	fixed(v, keys, "old")
	drained := was
	drained.more = "  drained:\n   - " + m[0].Addr + "\n"
	for _, s := range f.sites {
		s.reload(f.file(s.proxy.Addr, drained, other))
	}
	testkit.Eventually(t, "its owner has it drained", func() error {
		return states(f.sites, m[0].Addr, "primary drained")
	})
	fixed(v, keys, "new")
	direct := harness.Dial(t, m[0].Addr)
	old := func() (n int) {
		for i := range keys {
			key := fmt.Sprintf("%d-fixed", i)
			if direct.Do("get "+key+"\r\n") == harness.Hit(key, "old") {
				n++
			}
		}
		return n
	}
	if old() == 0 {
		t.Fatal("the server that is drained has missed nothing")
	}
	was.name = "renamed"
	f.turn(1, was, other)
	wantFixed(f.sites, keys, "new")
	testkit.Eventually(t, "the server gets what it missed", func() error {
		if n := old(); n > 0 {
			return fmt.Errorf("%d keys have old values there", n)
		}
		return nil
	})
	wantFixed(f.sites, keys, "new")
}
