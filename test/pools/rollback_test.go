package pools

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// cache is what clients have stored, and must find whatever proxy there is.
type cache struct {
	t    *testing.T
	addr string
	want map[string]string // "": deleted
}

// change has the proxy of the moment store, change and delete some keys.
func (c *cache) change(who string) {
	c.t.Helper()
	proxy := harness.Dial(c.t, c.addr)
	defer proxy.Close()
	for i := range 60 {
		key := fmt.Sprintf("key:%d", i)
		if i%5 == len(who)%5 && c.want[key] != "" {
			proxy.Want("delete "+key+"\r\n", "DELETED\r\n")
			c.want[key] = ""
		} else if i%3 != len(who)%3 {
			proxy.Want(harness.Set(key, "by "+who), "STORED\r\n")
			c.want[key] = "by " + who
		}
	}
}

// check reads all keys.
func (c *cache) check(when string) {
	c.t.Helper()
	proxy := harness.Dial(c.t, c.addr)
	defer proxy.Close()
	for key, value := range c.want {
		want := "END\r\n"
		if value != "" {
			want = harness.Hit(key, value)
		}
		if got := proxy.Do("get " + key + "\r\n"); got != want {
			c.t.Fatalf("%s: %s is %q, want %q", when, key, got, want)
		}
	}
}

// items counts what servers hold.
func items(t *testing.T, servers []*harness.Memcached) (sum int) {
	t.Helper()
	for _, s := range servers {
		n, err := strconv.Atoi(harness.Stats(t, s.Addr, "")["curr_items"])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// stop ends a proxy by SIGTERM, and waits until it has gone.
func stop(t *testing.T, p *testkit.Process) {
	t.Helper()
	p.Terminate()
	p.ExitCode() // twemproxy has no orderly end
}

// TestBackToTwemproxy goes from twemproxy to magent, back, and to magent again, as docs/operations.md says. No client
// misses a key or reads an old value on any of these ways, and none does when a primary dies in the end.
func TestBackToTwemproxy(t *testing.T) {
	t.Parallel()
	servers, dir := memcacheds(t, 3), t.TempDir()
	c := &cache{t: t, addr: testkit.DeadAddr(t), want: map[string]string{}}
	text := "a:\n  listen: " + c.addr + "\n  hash: fnv1a_64\n  distribution: ketama\n  timeout: 20000\n  servers:\n" +
		lines(servers[:2], ":1")
	copies := text + "  backups:\n" + lines(servers[2:], ":1")
	theirs, ours := testkit.TempFile(t, "nutcracker.yml", text), filepath.Join(dir, "magent.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(ours, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	serve := func() *harness.Magent {
		t.Helper()
		write(text)
		m := harness.StartMagent(t, "-c", ours, "--state-dir", filepath.Join(dir, "state"))
		c.check("magent has taken over")
		write(copies)
		m.Signal(syscall.SIGUSR1)
		testkit.Until(t, "the pool has its backup", func() bool {
			return harness.Stats(t, c.addr, "servers")["server:2:address"] == servers[2].Addr
		})
		harness.AwaitState(t, c.addr, servers[2].Addr, "up")
		return m
	}

	twemproxy := startTwemproxy(t, theirs, c.addr)
	c.change("twemproxy")
	stop(t, twemproxy)

	magent := serve()
	c.change("magent")
	stop(t, magent.Process)
	if out, err := exec.Command(theTwemproxy(), "-t", "-c", ours).CombinedOutput(); err == nil {
		t.Errorf("twemproxy accepts a file with backups: %s", out)
	}

	twemproxy = startTwemproxy(t, theirs, c.addr)
	c.check("twemproxy is back")
	c.change("twemproxy, again")
	if n, want := items(t, servers[:2]), c.count(); n != want {
		t.Errorf("the servers hold %d items, clients have %d: magent has left something", n, want)
	}
	stop(t, twemproxy)

	serve()
	c.check("magent is back")
	servers[0].Kill()
	c.check("a primary has died")
}

// count returns how many keys there are.
func (c *cache) count() (n int) {
	for _, value := range c.want {
		if value != "" {
			n++
		}
	}
	return n
}
