package failover

import (
	"testing"
	"time"

	"magent/test/harness"
)

// startDefault is a pair with the times that a user has who sets none.
func startDefault(t *testing.T) *pair {
	t.Helper()
	p := &pair{primary: harness.StartMemcached(t), backup: harness.StartMemcached(t)}
	p.proxy = harness.StartMagent(t, "-s", p.primary.Addr, "-b", p.backup.Addr)
	return p
}

// TestPrimaryHangs: the first read is answered when the deadline is over, and later ones at once.
func TestPrimaryHangs(t *testing.T) {
	p := startDefault(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("a", "1"), "STORED\r\n")
	p.primary.Pause()
	began := time.Now()
	c.Want("get a\r\n", harness.Hit("a", "1"))
	if took := time.Since(began); took > 1500*time.Millisecond {
		t.Errorf("the first read took %v", took)
	}
	awaitState(t, p.proxy, p.primary, "ejected")
	late := 0
	const reads = 200
	for range reads {
		began := time.Now()
		c.Want("get a\r\n", harness.Hit("a", "1"))
		if time.Since(began) > 50*time.Millisecond {
			late++
		}
	}
	if late > reads/20 {
		t.Errorf("%d of %d reads took more than 50 ms", late, reads)
	}
	p.primary.Resume()
	harness.AwaitState(t, p.proxy.Addr, p.primary.Addr, "up")
}

// TestBackupHangs: clients go on, and nothing piles up in the proxy.
func TestBackupHangs(t *testing.T) {
	p := startDefault(t)
	c := harness.Dial(t, p.proxy.Addr)
	c.Want(harness.Set("a", "0"), "STORED\r\n")
	p.backup.Pause()
	awaitState(t, p.proxy, p.backup, "ejected")
	fds, memory := p.proxy.FDs(), p.proxy.RSS()
	value := string(make([]byte, 1000))
	for range 20_000 {
		c.Want(harness.Set("a", value), "STORED\r\n")
	}
	if n := p.proxy.FDs(); n > fds+5 {
		t.Errorf("%d descriptors, at first %d", n, fds)
	}
	if n := p.proxy.RSS(); n > memory+16<<20 {
		t.Errorf("%d bytes of memory, at first %d", n, memory)
	}
	p.backup.Resume()
	harness.AwaitState(t, p.proxy.Addr, p.backup.Addr, "up")
	harness.Dial(t, p.backup.Addr).Want("get a\r\n", harness.Hit("a", value))
}
