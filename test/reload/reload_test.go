package reload

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// site is a magent with a file of pools.
type site struct {
	t     *testing.T
	file  string
	pid   string // file
	proxy *harness.Magent
	taken int // reloads so far
	fleet []*site
	// refused are reloads that were refused because a member of the fleet lapsed
	refused int
}

// pool is one pool of a file. A server that a busy machine keeps from running for some seconds must not count as
// one that hangs.
func pool(name, listen string, servers ...*harness.Memcached) string {
	text := fmt.Sprintf("%s:\n  listen: %s\n  timeout: 8000\n  servers:\n", name, listen)
	for _, m := range servers {
		text += fmt.Sprintf("   - %s:1\n", m.Addr)
	}
	return text
}

// calm gives servers as long as tests wait. It is not for pools in which servers hang, nor for those with backups
// whose keys move: a server to which they move waits that long for what may still be on its way.
func calm(pools string) string { return strings.ReplaceAll(pools, "timeout: 8000", "timeout: 60000") }

func start(t *testing.T, pools string, args ...string) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{t: t, file: filepath.Join(dir, "pools.yml"), pid: filepath.Join(dir, "pid")}
	s.write(pools)
	// A connection includes a first answer, which takes a busy machine as long as any other.
	args = append([]string{"-c", s.file, "--pid-file", s.pid, "--connect-timeout", "8s"}, args...)
	s.proxy = harness.StartMagent(t, args...)
	return s
}

func (s *site) write(pools string) {
	s.t.Helper()
	if err := os.WriteFile(s.file, []byte(pools), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// reload writes other pools to the file, and waits until the log reports the reload. It may have to be repeated in
// a fleet of which a member has lapsed: copies are compared then, and what needs them is not drained meanwhile.
func (s *site) reload(pools string) {
	s.t.Helper()
	s.write(pools)
	s.taken++
	s.signal()
	testkit.Eventually(s.t, "a reload", func() error {
		log := s.proxy.Log()
		if n := strings.Count(log, "nothing has changed"); n > s.refused && s.lapsed() {
			s.refused = n
			s.signal()
		}
		if n := strings.Count(log, "configuration reloaded"); n < s.taken {
			return fmt.Errorf("%d of %d were taken", n, s.taken)
		}
		return nil
	})
}

// signal has the proxy read its file.
func (s *site) signal() {
	s.t.Helper()
	if err := syscall.Kill(s.proxy.PID, syscall.SIGUSR1); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) await(message string, times int) {
	s.t.Helper()
	testkit.Eventually(s.t, message, func() error {
		if n := strings.Count(s.proxy.Log(), message); n < times {
			return fmt.Errorf("it is in the log %d times of %d", n, times)
		}
		return nil
	})
}

// TestFiftyReloads reloads fifty times while eight clients write and read: servers change places, and one comes and
// goes. No client sees an error or loses its connection, and no request is lost.
func TestFiftyReloads(t *testing.T) {
	t.Parallel()
	a, b, c := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	listen := testkit.DeadAddr(t)
	s := start(t, calm(pool("main", listen, a, b)))
	var ended atomic.Bool
	var asked atomic.Int64
	var clients []client
	for range 8 {
		clients = append(clients, harness.Dial(t, s.proxy.Addr))
	}
	done := make(chan error, 1)
	go work("", clients, &ended, &asked, done)
	for n := range 50 {
		pools := pool("main", listen, a, b, c)
		if n%2 == 1 {
			pools = pool("main", listen, b, a)
		}
		s.reload(calm(pools))
	}
	ended.Store(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n < 1000 {
		t.Errorf("only %d requests", n)
	}
	if strings.Contains(s.proxy.Log(), "nothing has changed") {
		t.Error("a reload was refused")
	}
}

// client is a harness.Client, or a visitor of a fleet.
type client interface {
	Try(request string) (reply string, err error)
}

// work is the goroutine of clients, each with its own keys. Right after a reload a key may be a miss, but never has a
// wrong value.
func work(prefix string, clients []client, ended *atomic.Bool, asked *atomic.Int64, done chan<- error) {
	done <- harness.Together(len(clients), func(i int) error {
		for n := 0; !ended.Load(); n++ {
			key, value := fmt.Sprintf("%skey%d-%d", prefix, i, n), fmt.Sprint(n)
			if reply, err := clients[i].Try(harness.Set(key, value)); err != nil || reply != "STORED\r\n" {
				return fmt.Errorf("set %s: %q, %w", key, reply, err)
			}
			reply, err := clients[i].Try("get " + key + "\r\n")
			if err != nil || reply != harness.Hit(key, value) && reply != "END\r\n" {
				return fmt.Errorf("get %s: %q, %w", key, reply, err)
			}
			asked.Add(2)
		}
		return nil
	})
}

// TestWrongFileChangesNothing checks that the error is logged with its place, and that all clients are still served.
func TestWrongFileChangesNothing(t *testing.T) {
	t.Parallel()
	a := harness.StartMemcached(t)
	listen := testkit.DeadAddr(t)
	s := start(t, calm(pool("main", listen, a)), "--watch-config")
	c := harness.Dial(t, s.proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	s.write(strings.Replace(pool("main", listen, a), "timeout: 8000", "hash: fnvla_64", 1))
	s.await("did you mean fnv1a_64?", 1)
	c.Want("get a\r\n", harness.Hit("a", "1"))

	s.write(calm(pool("main", listen, a) + pool("second", testkit.DeadAddr(t), a))) // right again, and noticed
	s.await("configuration reloaded", 1)
	c.Want("get a\r\n", harness.Hit("a", "1"))
}

// TestReloadCommand checks that the command checks the file before it signals the process.
func TestReloadCommand(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	listen := testkit.DeadAddr(t)
	s := start(t, calm(pool("main", listen, a)))
	c := harness.Dial(t, s.proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	s.write("main:\n")
	if out, err := exec.Command(harness.Binary(t), "reload", "--pid-file", s.pid, "-c",
		s.file).CombinedOutput(); err == nil || !strings.Contains(string(out), "syntax is invalid") {
		t.Errorf("%v: %s", err, out)
	}
	s.write(calm(pool("main", listen, b)))
	out, err := exec.Command(harness.Binary(t), "reload", "--pid-file", s.pid, "-c", s.file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("process %d has read its file again", s.proxy.PID)) {
		t.Fatalf("%v: %s", err, out)
	}
	c.Want("get a\r\n", "END\r\n")
	c.Want(harness.Set("a", "2"), "STORED\r\n")
	harness.Dial(t, b.Addr).Want("get a\r\n", harness.Hit("a", "2"))
	// Without -c the process itself says what is wrong with its file, and the exit code says it, too.
	s.write("main:\n  listen: " + listen + "\n  timeuot: 1\n")
	out, err = exec.Command(harness.Binary(t), "reload", "--pid-file", s.pid).CombinedOutput()
	for _, want := range []string{s.file + ":3:3: ", "timeuot", "has refused this: nothing has changed"} {
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %s, want %s", err, out, want)
		}
	}
	if out, err := exec.Command(harness.Binary(t), "reload").CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "--pid-file") {
		t.Errorf("%v: %s", err, out)
	}
}
