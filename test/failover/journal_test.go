package failover

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// again runs one magent after the other, with the same servers and the same journal.
func (p *pair) again(t *testing.T, dir string, args ...string) {
	t.Helper()
	with := soon
	if p.hurried {
		with = quick
	}
	p.proxy = harness.StartMagent(t,
		append(with("--state-dir", dir, "-s", p.primary.Addr, "-b", p.backup.Addr), args...)...)
}

// awaitServed waits until a key can be read. A proxy that is hurried may give up on a server of a busy machine that is
// well, and connects to it again.
func awaitServed(t *testing.T, c *harness.Client, key string) {
	t.Helper()
	testkit.Until(t, key+" can be read", func() bool { return !harness.IsError(c.Do("get " + key + "\r\n")) })
}

// size returns the number of bytes in the journal.
func size(t *testing.T, dir string) (n int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

// TestProxyDiesInAnOutage checks that a kill -9 of magent during an outage loses nothing of what the server has
// missed, whatever the number of loops before and after.
func TestProxyDiesInAnOutage(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"primary", "backup"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			proxyDies(t, which == "primary")
		})
	}
}

func proxyDies(t *testing.T, primary bool) {
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t), hurried: true}
	dir := t.TempDir()
	p.again(t, dir, "--threads", "2")
	hung, other := p.backup, p.primary
	if primary {
		hung, other = p.primary, p.backup
	}
	c := harness.Dial(t, p.proxy.Addr)
	const keys = 300
	for i := range keys {
		c.Want(harness.Set(fmt.Sprintf("set%d", i), "old"), "STORED\r\n")
		c.Want(harness.Set(fmt.Sprintf("deleted%d", i), "old"), "STORED\r\n")
	}
	healthy := size(t, dir)
	hung.Pause()
	for i := range keys {
		c.Want(harness.Set(fmt.Sprintf("set%d", i), "new"), "STORED\r\n")
		c.Want(fmt.Sprintf("delete deleted%d\r\n", i), "DELETED\r\n")
	}
	if size(t, dir) == healthy {
		t.Error("nothing was written in an outage")
	}
	p.proxy.Kill()
	p.again(t, dir, "--threads", "1") // and once more, before the server is back
	c = harness.Dial(t, p.proxy.Addr)
	awaitServed(t, c, "set1")
	c.Want("get set1\r\n", harness.Hit("set1", "new"))
	c.Want(harness.Set("late", "1"), "STORED\r\n")
	p.proxy.Kill()
	hung.Resume()
	p.hurried = false
	p.again(t, dir, "--threads", "3")

	c = harness.Dial(t, p.proxy.Addr)
	check := func(c *harness.Client) {
		t.Helper()
		for i := range keys {
			wantKept(t, c, fmt.Sprintf("set%d", i), "new")
			c.Want(fmt.Sprintf("get deleted%d\r\n", i), "END\r\n")
		}
		wantKept(t, c, "late", "1")
	}
	check(c)
	harness.AwaitState(t, p.proxy.Addr, hung.Addr, "up")
	check(c)
	check(harness.Dial(t, hung.Addr))
	if got := harness.ServerStat(t, p.proxy.Addr, hung.Addr, "refills"); got != "0" {
		t.Errorf("%s refills, although it still is the server that it was", got)
	}
	testkit.Eventually(t, "the journal says nothing any more", func() error {
		if n := size(t, dir); n != healthy {
			return fmt.Errorf("%d bytes, before the outage %d", n, healthy)
		}
		return nil
	})
	other.Kill()
	check(c)
}

// TestProxyDiesWhileAServerIsFilled checks that the next magent goes on with that.
func TestProxyDiesWhileAServerIsFilled(t *testing.T) {
	t.Parallel()
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}
	dir := t.TempDir()
	p.again(t, dir, "--refill-rate", "10")
	c := harness.Dial(t, p.proxy.Addr)
	const keys = 1000
	for i := range keys {
		c.Want(harness.Set(fmt.Sprintf("key%d", i), "1"), "STORED\r\n")
	}
	p.primary.Restart()
	c.Want("get key1\r\n", harness.Hit("key1", "1"))
	harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "warming")
	p.proxy.Kill()
	p.again(t, dir)
	c = harness.Dial(t, p.proxy.Addr)
	for i := range keys {
		c.Want(fmt.Sprintf("get key%d\r\n", i), harness.Hit(fmt.Sprintf("key%d", i), "1"))
	}
	harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "up")
	if got := harness.Stats(t, p.primary.Addr, "")["curr_items"]; got != fmt.Sprint(keys) {
		t.Errorf("the primary holds %s of %d keys", got, keys)
	}
}

// TestServerIsRestartedWhileNoProxyRuns checks that the next magent notices the restart.
func TestServerIsRestartedWhileNoProxyRuns(t *testing.T) {
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}
	dir := t.TempDir()
	p.again(t, dir)
	c := harness.Dial(t, p.proxy.Addr)
	const keys = 200
	for i := range keys {
		c.Want(harness.Set(fmt.Sprintf("key%d", i), "1"), "STORED\r\n")
	}
	p.proxy.Kill()
	p.primary.Restart()
	p.again(t, dir)
	c = harness.Dial(t, p.proxy.Addr)
	for i := range keys {
		c.Want(fmt.Sprintf("incr key%d 1\r\n", i), "2\r\n")
	}
	harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "up")
	if got := harness.Stats(t, p.primary.Addr, "")["curr_items"]; got != fmt.Sprint(keys) {
		t.Errorf("the primary holds %s of %d keys", got, keys)
	}
}

// TestRolesAreSwapped checks that what a server missed as a primary is still known when it is a backup.
func TestRolesAreSwapped(t *testing.T) {
	t.Parallel()
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t), hurried: true}
	dir := t.TempDir()
	p.again(t, dir)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("k", "old"), "STORED\r\n")
	c.Want(harness.Set("j", "old"), "STORED\r\n")
	p.primary.Pause()
	c.Want(harness.Set("k", "new"), "STORED\r\n")
	c.Want("delete j\r\n", "DELETED\r\n")
	p.proxy.Kill()
	p.primary.Resume()
	p.primary, p.backup, p.hurried = p.backup, p.primary, false
	p.again(t, dir)
	harness.AwaitState(t, p.proxy.Addr, p.backup.Addr, "up")
	p.primary.Kill()
	c = harness.Dial(t, p.proxy.Addr)
	wantKept(t, c, "k", "new")
	wantKept(t, c, "j", "")
}

// TestDamagedJournal checks that with a damaged journal no server is trusted.
func TestDamagedJournal(t *testing.T) {
	t.Parallel()
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t), hurried: true}
	dir := t.TempDir()
	p.again(t, dir)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("a", "old"), "STORED\r\n")
	p.primary.Pause()
	for i := range 10 {
		c.Want(harness.Set(fmt.Sprintf("b%d", i), "1"), "STORED\r\n")
	}
	c.Want(harness.Set("a", "new"), "STORED\r\n")
	p.proxy.Kill()
	file := filepath.Join(dir, "outage.journal")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p.primary.Resume()
	p.hurried = false
	p.again(t, dir)
	c = harness.Dial(t, p.proxy.Addr)
	harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "up")
	harness.AwaitState(t, p.proxy.Addr, p.backup.Addr, "up")
	c.Want("get a b0 b9\r\n", "END\r\n")
	c.Want(harness.Set("a", "newer"), "STORED\r\n")
	c.Want("get a\r\n", harness.Hit("a", "newer"))
}

// TestStateDirInUse checks that two magents cannot share a journal.
func TestStateDirInUse(t *testing.T) {
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}
	dir := t.TempDir()
	p.again(t, dir)
	cmd := exec.Command(harness.Binary(t), "-p", "0", "-f", filepath.Join(t.TempDir(), "s"), "--state-dir", dir, "-s",
		p.primary.Addr, "-b", p.backup.Addr)
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), dir) ||
		!strings.Contains(string(said), "give each magent a --state-dir of its own") {
		t.Errorf("%v: %s", err, said)
	}
}
