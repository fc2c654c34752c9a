package control

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

const keys = 200

func key(i int) string { return fmt.Sprintf("key-%d", i) }

// writeAll writes all keys, with values of a round.
func writeAll(t *testing.T, addr string, round int) {
	t.Helper()
	c := harness.Dial(t, addr)
	for i := range keys {
		c.Want(harness.Set(key(i), fmt.Sprintf("%d-%d", round, i)), "STORED\r\n")
	}
}

// readAll wants all keys to have the values of a round.
func readAll(t *testing.T, addr string, round int) {
	t.Helper()
	c := harness.Dial(t, addr)
	for i := range keys {
		c.Want("get "+key(i)+"\r\n", harness.Hit(key(i), fmt.Sprintf("%d-%d", round, i)))
	}
}

// A primary is drained under load, restarted, and undrained. No client gets an error or an old value, and no key is
// lost: the server is filled before it is read.
func TestDrainPrimary(t *testing.T) {
	t.Parallel()
	a, b, copyOf := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	m := start(t, "-s", a.Addr, "-s", b.Addr, "-b", copyOf.Addr, "--state-dir", t.TempDir(), "--timeout", "8s",
		"--connect-timeout", "8s", "--probe-interval", "50ms", "--threads", "2")
	writeAll(t, m.Addr, 0)
	load := startLoad(t, m.Addr)

	m.wants(0, "primary "+a.Addr+": 50.0 % of the keys", "drain", a.Addr, "--reason", "new kernel")
	awaitState(t, m, a, "drained")
	load.progress()
	writeAll(t, m.Addr, 1)
	readAll(t, m.Addr, 1)
	testkit.Eventually(t, "nobody is connected to the drained server", func() error {
		if n := harness.Stats(t, a.Addr, "")["curr_connections"]; n != "1" { // this one
			return fmt.Errorf("%s connections", n)
		}
		return nil
	})
	a.Kill()
	load.progress()
	writeAll(t, m.Addr, 2)
	a.Restart()
	load.progress()
	if state := harness.ServerStat(t, m.Addr, a.Addr, "state"); state != "drained" {
		t.Errorf("restarted it is %s", state)
	}
	m.wants(0, "is undrained in pool magent", "undrain", a.Addr)
	awaitState(t, m, a, "up")
	load.progress()
	readAll(t, m.Addr, 2)
	load.stop()
	copyOf.Kill()
	awaitState(t, m, copyOf, "ejected")
	readAll(t, m.Addr, 2)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"state":"drained","by":"` + me.Username + `","reason":"new kernel"`, "server undrained: it is used again",
		`"message":"server up"`,
	} {
		testkit.Until(t, "the log has "+want, func() bool { return strings.Contains(m.Log(), want) })
	}
	if strings.Contains(m.Log(), `"role":"primary","state":"ejected"`) {
		t.Errorf("a drain is logged as an outage:\n%s", m.Log())
	}
}

// A drained backup gets what it missed without being filled, if it was not restarted.
func TestDrainBackup(t *testing.T) {
	t.Parallel()
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	m := start(t, "-s", p.Addr, "-b", b.Addr, "--timeout", "8s", "--connect-timeout", "8s")
	writeAll(t, m.Addr, 0)
	m.wants(0, "without --state-dir this is forgotten", "drain", b.Addr)
	c := harness.Dial(t, m.Addr)
	c.Want(harness.Set(key(1), "new"), "STORED\r\n")
	c.Want("delete "+key(2)+"\r\n", "DELETED\r\n")
	harness.Dial(t, b.Addr).Want("get "+key(1)+"\r\n", harness.Hit(key(1), "0-1"))
	if n := harness.ServerStat(t, m.Addr, b.Addr, "dirty_keys"); n != "2" {
		t.Errorf("%s dirty keys", n)
	}
	m.wants(0, "undrained", "undrain", b.Addr)
	awaitState(t, m, b, "up")
	direct := harness.Dial(t, b.Addr)
	direct.Want("get "+key(1)+"\r\n", harness.Hit(key(1), "new"))
	direct.Want("get "+key(2)+"\r\n", "END\r\n")
	if n := harness.ServerStat(t, m.Addr, b.Addr, "refills"); n != "0" {
		t.Errorf("%s keys were refilled", n)
	}
}

// A drain is refused where a key would lose its only copy, and says why; --force drains all the same.
func TestDrainIsRefused(t *testing.T) {
	t.Parallel()
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	m := start(t, "-s", p.Addr, "-b", b.Addr, "--timeout", "8s", "--probe-interval", "50ms")
	m.wants(1, `no pool has a server "10.9.9.9:1"`, "drain", "10.9.9.9:1")
	m.wants(1, `there is no pool "x"`, "drain", p.Addr, "--pool", "x")
	m.wants(2, "which server?", "drain")
	m.wants(1, p.Addr+" is not drained", "undrain", p.Addr)
	writeAll(t, m.Addr, 0)
	b.Kill()
	writeAll(t, m.Addr, 1)
	awaitState(t, m, b, "ejected")
	m.wants(1, "backup "+b.Addr+", which has to answer for its keys, is ejected: wait until it is up", "drain", p.Addr)
	m.wants(0, "until `magent undrain", "drain", b.Addr)
	m.wants(1, "is drained: wait until it is up", "drain", p.Addr)
	m.wants(0, "drained already", "drain", b.Addr)
	readAll(t, m.Addr, 1)
	m.wants(0, "forced although", "drain", p.Addr, "--force")
	if got := harness.Dial(t, m.Addr).Do("get " + key(1) + "\r\n"); !harness.IsError(got) {
		t.Errorf("without a server: %q", got)
	}
	m.wants(0, "undrained", "undrain", p.Addr)
	awaitState(t, m, p, "up")
	readAll(t, m.Addr, 1)

	alone := start(t, "-s", p.Addr, "-s", b.Addr)
	alone.wants(1, "50.0 % of the keys, and the keys have no other copy: clients would get errors", "drain", p.Addr)
	moving := start(t, "-s", p.Addr, "-s", b.Addr, "--auto-eject-hosts")
	moving.wants(1, "they move to other servers, and are misses there", "drain", b.Addr)
	moving.wants(0, "is drained", "drain", b.Addr, "--force")
	writeAll(t, moving.Addr, 2)
	readAll(t, moving.Addr, 2)
}

// What is drained outlives kill -9, a restart and an upgrade, by the state directory, and what the server missed does.
func TestDrainOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	dir := t.TempDir()
	m := start(t, "-p", fmt.Sprint(testkit.ReservePort(t)), "-s", p.Addr, "-b", b.Addr, "--timeout", "8s",
		"--state-dir", dir)
	writeAll(t, m.Addr, 0)
	m.wants(0, "is drained", "drain", p.Addr, "--reason", "disk")
	writeAll(t, m.Addr, 1)
	m.Kill()
	m.Restart()
	awaitState(t, m, p, "drained")
	readAll(t, m.Addr, 1)
	writeAll(t, m.Addr, 2)
	m.Terminate()
	m.ExitCode()
	longAgo(t, filepath.Join(dir, "drained.json"))
	m.Restart()
	awaitState(t, m, p, "drained")
	readAll(t, m.Addr, 2)
	m.wants(0, "drained already, by ", "drain", p.Addr)
	m.upgrade()
	writeAll(t, m.Addr, 2)
	awaitState(t, m, p, "drained")
	m.wants(0, "undrained", "undrain", p.Addr)
	awaitState(t, m, p, "up")
	if _, err := os.Stat(filepath.Join(dir, "drained.json")); err == nil {
		t.Error("the list is still there, although nothing is drained")
	}
	m.wants(0, `"reason": "away for 1h0m`, "status", "--json") // since it was drained
	b.Kill()
	awaitState(t, m, b, "ejected")
	readAll(t, m.Addr, 2)
}

// longAgo makes the server in a list drained for an hour.
func longAgo(t *testing.T, list string) {
	t.Helper()
	since := regexp.MustCompile(`"since": (\d+)`)
	text := since.ReplaceAllStringFunc(testkit.ReadFile(t, list), func(field string) string {
		at, _ := strconv.Atoi(since.FindStringSubmatch(field)[1])
		return fmt.Sprintf(`"since": %d`, at-3600)
	})
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// upgrade has another process take over, which ends with the test.
func (s *started) upgrade() {
	s.t.Helper()
	s.Signal(syscall.SIGUSR2)
	if code := s.ExitCode(); code != 0 {
		s.t.Fatalf("the process that was replaced: %d\n%s", code, s.Log())
	}
	_, report, _ := s.command("status", "--json")
	found := regexp.MustCompile(`"pid": (\d+)`).FindStringSubmatch(report)
	if found == nil {
		s.t.Fatalf("no process: %s", report)
	}
	pid, _ := strconv.Atoi(found[1])
	s.t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
}

// Without a state directory nothing is handed over, so an upgrade is refused while a server is drained.
func TestUpgradeIsRefused(t *testing.T) {
	t.Parallel()
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	m := start(t, "-s", p.Addr, "-b", b.Addr)
	m.wants(0, "is drained", "drain", b.Addr)
	m.Signal(syscall.SIGUSR2)
	testkit.Eventually(t, "the log says why", func() error {
		if want := "a new process would not know that: undrain it"; !strings.Contains(m.Log(), want) {
			return fmt.Errorf("no %q", want)
		}
		return nil
	})
	awaitState(t, m, b, "drained")
}

// drained: in the file does the same. A reload applies it, and keeps what operators have drained.
func TestDrainedInTheFile(t *testing.T) {
	t.Parallel()
	p, q, b := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	file, listen := filepath.Join(t.TempDir(), "pools.yml"), fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t))
	write := func(more string) {
		text := fmt.Sprintf("alpha:\n  listen: %s\n  timeout: 8000\n  servers:\n   - %s:1 first\n   - %s:1 second\n"+
			"  backups:\n   - %s:1\n%s", listen, p.Addr, q.Addr, b.Addr, more)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	m := start(t, "-c", file)
	writeAll(t, m.Addr, 0)
	write("  drained:\n   - first\n")
	m.wants(0, "reloaded", "reload")
	awaitState(t, m, p, "drained")
	m.wants(0, "is drained", "drain", "second", "--reason", "cable")
	since := harness.ServerStat(t, m.Addr, p.Addr, "drained_since")
	for field, want := range map[string]string{
		p.Addr: "the file of pools", q.Addr: "cable",
	} {
		name := map[string]string{p.Addr: "drained_by", q.Addr: "drained_reason"}[field]
		if got := harness.ServerStat(t, m.Addr, field, name); got != want {
			t.Errorf("%s of %s: %q, want %q", name, field, got, want)
		}
	}
	m.wants(1, "is drained by the file of pools: take it out of drained: in pool alpha", "undrain", p.Addr)
	writeAll(t, m.Addr, 1)
	write("  drained:\n   - first\n  probe_interval: 100\n")
	m.wants(0, "reloaded", "reload")
	awaitState(t, m, q, "drained")
	if now := harness.ServerStat(t, m.Addr, p.Addr, "drained_since"); now != since {
		t.Errorf("drained since %s, then since %s", since, now)
	}
	write("  drained:\n   - third\n")
	m.wants(1, `"third" is no server of pool "alpha"`, "reload")
	readAll(t, m.Addr, 1)
	write("")
	m.wants(0, "reloaded", "reload")
	awaitState(t, m, p, "up")
	awaitState(t, m, q, "drained")
	m.wants(0, "undrained in pool alpha", "undrain", "second")
	awaitState(t, m, q, "up")
	b.Kill()
	awaitState(t, m, b, "ejected")
	readAll(t, m.Addr, 1)
}

func awaitState(t *testing.T, m *started, server *harness.Memcached, state string) {
	t.Helper()
	harness.AwaitState(t, m.Addr, server.Addr, state)
}

// load is a client that writes and reads keys of its own, and wants to read what it has written.
type load struct {
	t    *testing.T
	name string // of its keys, at the beginning
	n    atomic.Int64
	end  chan struct{}
	done chan error
}

func startLoad(t *testing.T, addr string) *load {
	t.Helper()
	return startLoadOf(t, addr, "")
}

// startLoadOf is startLoad for one of several, with keys of its own.
func startLoadOf(t *testing.T, addr, name string) *load {
	t.Helper()
	l := &load{t: t, name: name, end: make(chan struct{}), done: make(chan error, 1)}
	c, err := harness.Open(addr)
	if err != nil {
		t.Fatal(err)
	}
	go func() { l.done <- l.run(c) }()
	return l
}

func (l *load) run(c *harness.Client) error {
	defer c.Close()
	for i := 0; ; i++ {
		select {
		case <-l.end:
			return nil
		default:
		}
		k, v := fmt.Sprintf("%d-load%s", i%50, l.name), fmt.Sprint(i)
		if got, err := c.Try(harness.Set(k, v)); err != nil || got != "STORED\r\n" {
			return fmt.Errorf("set %s: %q, %v", k, got, err)
		}
		if got, err := c.Try("get " + k + "\r\n"); err != nil || got != harness.Hit(k, v) {
			return fmt.Errorf("get %s: %q, %v, want %s", k, got, err, v)
		}
		l.n.Add(1)
		harness.Breathe()
	}
}

// progress waits until some more requests were answered.
func (l *load) progress() {
	l.t.Helper()
	from := l.n.Load()
	testkit.Eventually(l.t, "the load goes on", func() error {
		select {
		case err := <-l.done:
			l.done <- err
			l.t.Fatal(err)
		default:
		}
		if l.n.Load() < from+50 {
			return fmt.Errorf("%d", l.n.Load()-from)
		}
		return nil
	})
}

// stop ends the load, which must have seen no error.
func (l *load) stop() {
	l.t.Helper()
	close(l.end)
	if err := <-l.done; err != nil {
		l.t.Error(err)
	}
}
