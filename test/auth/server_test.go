package auth

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// locked starts a memcached that wants a password of the file.
func locked(t *testing.T, file string) *harness.Memcached {
	t.Helper()
	return harness.StartMemcached(t, "-Y", file)
}

// pair starts a magent in front of two such memcacheds, and waits until both are in use.
func pair(t *testing.T, file string, args ...string) (primary, backup *harness.Memcached, proxy *harness.Magent) {
	t.Helper()
	primary, backup = locked(t, file), locked(t, file)
	args = append([]string{"-s", primary.Addr, "-b", backup.Addr, "--server-auth-file", file}, args...)
	proxy = harness.StartMagent(t, args...)
	harness.AwaitState(t, proxy.Addr, primary.Addr, "up")
	harness.AwaitState(t, proxy.Addr, backup.Addr, "up")
	return primary, backup, proxy
}

// wantOn checks what a memcached with a password has.
func wantOn(t *testing.T, server *harness.Memcached, key, value string) {
	t.Helper()
	c := harness.Dial(t, server.Addr)
	c.Want(login("ann", "one"), "STORED\r\n")
	testkit.Eventually(t, server.Addr+" has "+key, func() error {
		if got := c.Do("get " + key + "\r\n"); got != harness.Hit(key, value) {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}

// All of magent's connections say the password: those for requests, the prober's, the one that asks what servers
// store, and those that list the keys for a server that was restarted.
func TestServersWithPasswords(t *testing.T) {
	t.Parallel()
	primary, backup, proxy := pair(t, passwords(t, "ann:one\n"))
	c := harness.Dial(t, proxy.Addr)
	for i := range 100 {
		c.Want(harness.Set(fmt.Sprint("k", i), "v"), "STORED\r\n")
	}
	wantOn(t, primary, "k7", "v")
	wantOn(t, backup, "k7", "v")
	testkit.Eventually(t, "the servers have said what they store", func() error {
		if got := harness.ServerStat(t, proxy.Addr, primary.Addr, "stored_age"); got == "" {
			return fmt.Errorf("stored_age is missing")
		}
		return nil
	})
	primary.Restart()
	testkit.Eventually(t, "the primary is out of use", func() error {
		c.Do("get k1\r\n")
		if got := harness.ServerStat(t, proxy.Addr, primary.Addr, "connects"); got == "1" {
			return fmt.Errorf("it has been connected to once")
		}
		return nil
	})
	harness.AwaitState(t, proxy.Addr, primary.Addr, "up")
	for i := range 100 {
		wantOn(t, primary, fmt.Sprint("k", i), "v")
	}
}

// A magent that was killed asks the servers who is connected, and says the password for that, too.
func TestPasswordAfterKill(t *testing.T) {
	t.Parallel()
	file := passwords(t, "ann:one\n")
	address := fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t))
	primary, _, proxy := pair(t, file, "--state-dir", t.TempDir(), "-l", address)
	c := harness.Dial(t, proxy.Addr)
	c.Want(harness.Set("k", "v"), "STORED\r\n")
	proxy.Restart()
	harness.AwaitState(t, proxy.Addr, primary.Addr, "up")
	harness.Dial(t, proxy.Addr).Want("get k\r\n", harness.Hit("k", "v"))
	if strings.Contains(proxy.Log(), `"connections":"`) {
		t.Errorf("the servers did not say who is connected:\n%s", proxy.Log())
	}
}

// A server that refuses the password is out of use, with the reason, until the file has the right one.
func TestRefusedByServer(t *testing.T) {
	t.Parallel()
	file := passwords(t, "ann:two\n")
	server, open := locked(t, passwords(t, "ann:one\n")), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", server.Addr, "-b", open.Addr, "--server-auth-file", file)
	const reason = "the server does not accept the user and the password of --server-auth-file"
	testkit.Eventually(t, "the server is out of use", func() error {
		stats := harness.Dial(t, proxy.Addr).Do("stats servers\r\n")
		if !strings.Contains(stats, "state ejected\r\n") || !strings.Contains(stats, "last_error "+reason) {
			return fmt.Errorf("%s", stats)
		}
		return nil
	})
	c := harness.Dial(t, proxy.Addr)
	c.Want(harness.Set("k", "v"), "STORED\r\n")
	testkit.Until(t, "the log has the reason", func() bool {
		return strings.Contains(proxy.Log(), `"reason":"`+reason)
	})
	if strings.Contains(proxy.Log(), "two") {
		t.Errorf("the log has the password:\n%s", proxy.Log())
	}
	write(t, file, "ann:one\n")
	proxy.Signal(syscall.SIGHUP)
	harness.AwaitState(t, proxy.Addr, server.Addr, "up")
	wantOn(t, server, "k", "v")
}

// A memcached that wants no password keeps none, however often magent connects.
func TestServerWithoutPassword(t *testing.T) {
	t.Parallel()
	server := harness.StartMemcached(t, "-o", "no_lru_crawler,no_lru_maintainer") // they would remove what has expired
	file := filepath.Join(t.TempDir(), "passwords")
	write(t, file, "ann:one\n")
	proxy := harness.StartMagent(t, "-s", server.Addr, "--server-auth-file", file, "--threads", "2")
	harness.Dial(t, proxy.Addr).Want("get magent.server-auth\r\n", "END\r\n")
	testkit.Eventually(t, "magent has asked what the server stores", func() error {
		if got := harness.ServerStat(t, proxy.Addr, server.Addr, "stored_age"); got == "" {
			return fmt.Errorf("stored_age is missing")
		}
		return nil
	})
	testkit.Eventually(t, "each password that was stored is deleted", func() error {
		got := harness.Stats(t, server.Addr, "")
		number := func(name string) int {
			n, err := strconv.Atoi(got[name])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		told, deleted := number("cmd_set"), number("delete_hits")+number("delete_misses")
		if told < 3 || deleted != told || number("curr_items") != 0 {
			return fmt.Errorf("told %d times, deleted %d times, %s items", told, deleted, got["curr_items"])
		}
		return nil
	})
}

// magent verify says the password, too.
func TestVerifyWithPasswords(t *testing.T) {
	t.Parallel()
	file := passwords(t, "ann:one\n")
	primary, backup, proxy := pair(t, file)
	c := harness.Dial(t, proxy.Addr)
	c.Want(harness.Set("k", "v"), "STORED\r\n")
	b := harness.Dial(t, backup.Addr)
	b.Want(login("ann", "one"), "STORED\r\n")
	wantOn(t, backup, "k", "v")
	pools := filepath.Join(filepath.Dir(file), "pools.yml")
	write(t, pools, fmt.Sprintf("a:\n  listen: %s\n  hash: md5\n  server_auth_file: passwords\n  servers:\n  - %s:1\n"+
		"  backups:\n  - %s:1\n", proxy.Addr, primary.Addr, backup.Addr))
	both := []string{"-s", primary.Addr, "-b", backup.Addr}
	verify := func(code int, text string, args ...string) {
		t.Helper()
		got, stdout, stderr := harness.Run(t, append([]string{
			harness.Binary(t), "verify", "--timeout", "20s", "--connect-timeout", "20s",
		}, args...)...)
		if got != code || !strings.Contains(stdout+stderr, text) {
			t.Errorf("verify %v: exit code %d\n%s%s; want %d and %q", args, got, stdout, stderr, code, text)
		}
	}
	verify(0, "", append(both, "--server-auth-file", file)...)
	verify(0, "", "-c", pools)
	verify(3, "the server wants a password", both...)
	wrong := passwords(t, "ann:two\n")
	verify(3, "does not accept the user and the password", append(both, "--server-auth-file", wrong)...)
	b.Want("delete k\r\n", "DELETED\r\n")
	verify(1, "k", append(both, "--server-auth-file", file)...)
	verify(0, "", append(both, "--server-auth-file", file, "--repair", "--force")...)
	wantOn(t, backup, "k", "v")
}
