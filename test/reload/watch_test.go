package reload

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestWatchedFileIsTakenAgain changes the list of primaries while a backup is out, which is refused. When the backup
// is back, the file is taken without another change. The reason stands in the log once.
func TestWatchedFileIsTakenAgain(t *testing.T) {
	t.Parallel()
	a, b, backup := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	backups := []*harness.Memcached{backup}
	listen := testkit.DeadAddr(t)
	s := start(t, backed(listen, []*harness.Memcached{a}, backups), "--watch-config")
	c := harness.Dial(t, s.proxy.Addr)
	c.Want(harness.Set("k", "1"), "STORED\r\n")
	s.allUp()
	backup.Kill()
	c.Want(harness.Set("k", "2"), "STORED\r\n")
	testkit.Eventually(t, "the backup is out", func() error {
		if !strings.Contains(s.proxy.Log(), "server ejected") {
			return fmt.Errorf("%s", s.proxy.Log())
		}
		return nil
	})
	s.write(backed(listen, []*harness.Memcached{a, b}, backups))
	const reason = "has to answer for them meanwhile, is ejected"
	s.await(reason, 1)
	backup.Restart()
	s.await("configuration reloaded", 1)
	s.allUp()
	if n := strings.Count(s.proxy.Log(), reason); n != 1 {
		t.Errorf("the reason is in the log %d times", n)
	}
	c.Want("get k\r\n", harness.Hit("k", "2"))
}
