package reload

import (
	"fmt"
	"sync/atomic"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestFileDrainsWhatHasOtherCopies: a file that drains a server whose backup is out of use is refused, and says why.
// With the backup it is taken, and no client notices. Of a server whose other copies are drained, too, it may say so.
func TestFileDrainsWhatHasOtherCopies(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	file := func(listen, more string) string {
		return calm(pool("main", listen, a)) +
			fmt.Sprintf("  probe_interval: 50\n  backups:\n   - %s:1\n%s", b.Addr, more)
	}
	s := start(t, file(testkit.DeadAddr(t), ""))
	c := harness.Dial(t, s.proxy.Addr)
	c.Want(harness.Set("k", "first"), "STORED\r\n")
	b.Kill()
	harness.AwaitState(t, s.proxy.Addr, b.Addr, "ejected")
	s.write(file(s.proxy.Addr, "  drained:\n   - "+a.Addr+"\n"))
	s.signal()
	s.await(`pool \"main\": `+a.Addr+" cannot be drained now: backup "+b.Addr+
		", which has to answer for its keys, is ejected: wait until it is up", 1)
	c.Want("get k\r\n", harness.Hit("k", "first"))
	b.Restart()
	testkit.Eventually(t, "the backup is filled", func() error {
		if known := harness.Stats(t, s.proxy.Addr, "servers"); fieldOf(known, b.Addr, "state") != "up" ||
			fieldOf(known, b.Addr, "dirty_keys") != "0" {
			return fmt.Errorf("%v", known)
		}
		return nil
	})
	var ended atomic.Bool
	var asked atomic.Int64
	done := make(chan error, 1)
	go work("other-", []client{harness.Dial(t, s.proxy.Addr)}, &ended, &asked, done)
	s.reload(file(s.proxy.Addr, "  drained:\n   - "+a.Addr+"\n"))
	c.Want("get k\r\n", harness.Hit("k", "first"))
	c.Want(harness.Set("k", "second"), "STORED\r\n")
	before := asked.Load()
	testkit.Until(t, "requests go on", func() bool { return asked.Load() > before+100 || len(done) > 0 })
	ended.Store(true)
	if err := testkit.Await(t, "the client", done); err != nil {
		t.Error(err)
	}
	s.reload(file(s.proxy.Addr, "  drained:\n   - "+a.Addr+"\n   - "+b.Addr+"\n")) // waiting would not change this
}
