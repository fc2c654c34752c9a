package proxy

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/config"
	"magent/internal/session"
)

// A client waits, no descriptor is left for it, and the reserve is gone: the loop does not spin, and takes the client
// as soon as there are descriptors again.
func TestNoDescriptorAndNoReserve(t *testing.T) {
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

	waiting, began := make(chan *client, 1), time.Now()
	r.on(0, func(*session.Shard) { // the loop cannot accept meanwhile
		waiting <- r.client()
		limit(3)
		unix.Close(r.svc.reserveFD)
		r.svc.reserveFD = -1
	})
	tries := func() int { return session.Complaints(r.svc.group, cannotAccept) }
	r.eventually(0, "a try", func(*session.Shard) bool { return tries() > 0 })
	time.Sleep(3 * acceptRest) // time for tries that must not come
	if n, passed := tries(), time.Since(began); n > 2+int(passed/acceptRest) {
		t.Errorf("%d tries to accept within %v", n, passed)
	}
	limit(before.Cur)
	(<-waiting).nothing()
	r.eventually(0, "a new reserve", func(*session.Shard) bool { return r.svc.reserveFD >= 0 })
}

// The file of a socket that another process has bound in the place of ours stays when we end.
func TestSocketOfAnotherIsNotRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, taken := range []bool{false, true} {
		r := start(t, 1, 0, func(cfg *config.Config) {
			cfg.Pools[0].Listen = append(cfg.Pools[0].Listen,
				config.Listen{Network: "unix", Address: path, Backlog: 5, Mode: 0o700})
		})
		if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Fatalf("%v, %v", info, err)
		}
		if taken {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			other, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
		}
		r.svc.removeSockets()
		if _, err := os.Lstat(path); (err == nil) != taken {
			t.Errorf("taken %v: %v", taken, err)
		}
	}
}

// A reserve that could not be opened is opened with the next client that is accepted: descriptors are free again.
func TestReserveIsOpenedAgain(t *testing.T) {
	r := start(t, 1, 0, nil)
	r.on(0, func(*session.Shard) {
		_ = unix.Close(r.svc.reserveFD)
		r.svc.reserveFD = -1
	})
	c := r.client()
	c.say("version\r\n")
	c.line()
	r.on(0, func(*session.Shard) {
		if r.svc.reserveFD < 0 {
			t.Error("there is none")
		}
	})
}
