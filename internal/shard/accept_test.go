package shard

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A client waits, no descriptor is left for it, and the spare one is gone: the loop does not spin, and takes the client
// as soon as there are descriptors again.
func TestNoDescriptorAndNoSpare(t *testing.T) {
	r, _, _ := pair(t, nil)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	limit := func(n uint64) {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: before.Max}); err != nil {
			t.Error(err)
		}
	}
	defer limit(before.Cur)

	waiting := make(chan *client, 1)
	r.on(0, func(*Shard) { // the loop cannot accept meanwhile
		waiting <- r.client()
		limit(3)
		unix.Close(r.svc.spare)
		r.svc.spare = -1
	})
	tries := func() int {
		svc := r.svc
		svc.complaint.mu.Lock()
		defer svc.complaint.mu.Unlock()
		if m := svc.complaint.seen[cannotAccept]; m != nil {
			return 1 + m.skipped
		}
		return 0
	}
	r.eventually(0, "a try", func(*Shard) bool { return tries() > 0 })
	time.Sleep(3 * acceptRest)
	if n := tries(); n > 10 {
		t.Errorf("%d tries to accept", n)
	}
	limit(before.Cur)
	(<-waiting).nothing()
	r.eventually(0, "a new spare", func(*Shard) bool { return r.svc.spare >= 0 })
}
