package failover

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// withPassword starts a memcached that requires a password.
func withPassword(t *testing.T) *harness.Memcached {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(file, []byte("user:secret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return harness.StartMemcached(t, "-u", "root", "-Y", file)
}

// awaitReason waits until the log and `stats servers` have the reason why a server is ejected.
func awaitReason(t *testing.T, proxy *harness.Magent, server, want string) {
	t.Helper()
	testkit.Eventually(t, server+" is out of use", func() error {
		stats := harness.Dial(t, proxy.Addr).Do("stats servers\r\n")
		if !strings.Contains(stats, "state ejected\r\n") || !strings.Contains(stats, "last_error "+want) {
			return fmt.Errorf("stats servers:\n%s", stats)
		}
		if log := strings.ReplaceAll(proxy.Log(), `\"`, `"`); !strings.Contains(log, `"reason":"`+want) {
			return fmt.Errorf("log:\n%s", log)
		}
		return nil
	})
}

// TestServerWithPassword checks that a memcached with -Y is ejected, with the reason. If there is another copy, no
// client notices.
func TestServerWithPassword(t *testing.T) {
	const reason = "the server wants a password"
	locked := withPassword(t)
	alone := harness.StartMagent(t, "-s", locked.Addr)
	awaitReason(t, alone, locked.Addr, reason)
	if got := harness.Dial(t, alone.Addr).Do("get a\r\n"); !strings.HasPrefix(got, "SERVER_ERROR "+locked.Addr+
		": "+reason) {
		t.Errorf("get: %q", got)
	}
	pair := harness.StartMagent(t, "-s", locked.Addr, "-b", harness.StartMemcached(t).Addr)
	c := harness.Dial(t, pair.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	c.Want("get a\r\n", harness.Hit("a", "1"))
	awaitReason(t, pair, locked.Addr, reason)
}

// TestServerWithoutRoom checks that the error of a memcached without free connections is reported, and that the server
// is used as soon as it has one.
func TestServerWithoutRoom(t *testing.T) {
	t.Parallel()
	const limit = 32
	for _, backups := range []bool{false, true} {
		full := harness.StartMemcached(t, "-c", fmt.Sprint(limit))
		var holders []*harness.Client
		testkit.Eventually(t, "no connection is left", func() error {
			for {
				c := harness.Dial(t, full.Addr)
				reply, err := c.Try("version\r\n")
				if err != nil || strings.HasPrefix(reply, "ERROR") {
					return nil
				}
				if holders = append(holders, c); len(holders) > 2*limit {
					t.Fatalf("it has taken %d connections", len(holders))
				}
			}
		})
		args := []string{"-s", full.Addr}
		if backups {
			args = append(args, "-b", harness.StartMemcached(t).Addr)
		}
		proxy := harness.StartMagent(t, args...)
		awaitReason(t, proxy, full.Addr, `the server refuses connections: "ERROR Too many open connections"`)
		for _, c := range holders {
			c.Close()
		}
		harness.AwaitState(t, proxy.Addr, full.Addr, "up")
		harness.Dial(t, proxy.Addr).Want(harness.Set("a", "1"), "STORED\r\n")
	}
}
