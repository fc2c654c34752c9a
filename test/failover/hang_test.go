package failover

import (
	"slices"
	"testing"
	"time"

	"magent/test/harness"
)

// TestPrimaryHangs checks that the first read is answered after the timeout, and that later reads do not go to that
// server.
func TestPrimaryHangs(t *testing.T) {
	t.Parallel()
	p := startQuickPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	p.primary.Pause()
	began := time.Now()
	c.Want("get a\r\n", harness.Hit("a", "1"))
	if took := time.Since(began); took > 5*hang { // the deadline is hang
		t.Errorf("the first read took %v", took)
	}
	awaitState(t, p.proxy, p.primary, "ejected")
	asked := harness.ServerStat(t, p.proxy.Addr, p.primary.Addr, "requests")
	for range 200 {
		c.Want("get a\r\n", harness.Hit("a", "1"))
	}
	if n := harness.ServerStat(t, p.proxy.Addr, p.primary.Addr, "requests"); n != asked {
		t.Errorf("the primary got %s requests, before it was ejected %s", n, asked)
	}
	p.primary.Resume()
	harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "up")
}

// TestBackupHangs checks that clients are served, and that nothing piles up in the proxy.
func TestBackupHangs(t *testing.T) {
	t.Parallel()
	p := startQuickPair(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("a", "0"), "STORED\r\n")
	p.backup.Pause()
	awaitState(t, p.proxy, p.backup, "ejected")
	fds, memory := p.proxy.FDs(), p.proxy.RSS()
	value := string(make([]byte, 1000))
	for range 200 {
		c.Pipeline("STORED\r\n", slices.Repeat([]string{harness.Set("a", value)}, 100)...)
	}
	if n := p.proxy.FDs(); n > fds+5 {
		t.Errorf("%d descriptors, at first %d", n, fds)
	}
	if n := p.proxy.RSS(); n > memory+16<<20 {
		t.Errorf("%d bytes of memory, at first %d", n, memory)
	}
	p.backup.Resume()
	harness.AwaitState(t, p.proxy.Addr, p.backup.Addr, "up")
	wantKept(t, harness.Dial(t, p.backup.Addr), "a", value)
}
