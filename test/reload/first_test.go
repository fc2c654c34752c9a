package reload

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// sameKeys checks that a backup holds what the primary holds, and nothing else.
func sameKeys(t *testing.T, primary, backup *harness.Memcached) {
	t.Helper()
	p, b := harness.Dial(t, primary.Addr), harness.Dial(t, backup.Addr)
	differ := 0
	for i := range keysStored {
		get := fmt.Sprintf("get key%d\r\n", i)
		if want, got := p.Do(get), b.Do(get); got != want {
			if differ++; differ == 1 {
				t.Errorf("key%d: the primary holds %q, the backup %q", i, want, got)
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d keys differ", differ)
	}
	b.Want("get never-written\r\n", "END\r\n")
}

// changed is the number of keys that clients change; every third one. The others stay as they are stored.
const changed = (keysStored + 2) / 3

// change is the goroutine of clients that change their own keys, and read what they wrote.
func change(clients []*harness.Client, ended *atomic.Bool, rounds *atomic.Int64, done chan<- error) {
	done <- harness.Together(len(clients), func(n int) error {
		for round := 0; !ended.Load(); round++ {
			for i := 3 * n; i < keysStored; i += 3 * len(clients) {
				key, value := fmt.Sprint("key", i), fmt.Sprint(1000*round+i)
				for _, one := range [][2]string{
					{harness.Set(key, value), "STORED\r\n"},
					{"incr " + key + " 1000000\r\n", fmt.Sprint(1000000+1000*round+i, "\r\n")},
					{"get " + key + "\r\n", harness.Hit(key, fmt.Sprint(1000000+1000*round+i))},
					{"delete " + key + "\r\n", "DELETED\r\n"},
					{"get " + key + "\r\n", "END\r\n"},
				}[:5-2*(i%2)] { // every other key stays
					if got, err := clients[n].Try(one[0]); err != nil || got != one[1] {
						return fmt.Errorf("%q: %q (%v), want %q", one[0], got, err, one[1])
					}
				}
				rounds.Add(1)
				harness.Breathe()
			}
		}
		return nil
	})
}

// TestFirstBackupUnderLoad gives a pool its first backup, which holds old values, while clients change some keys. They
// read what they wrote, and in the end both servers hold the same.
func TestFirstBackupUnderLoad(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), used(t)
	listen := testkit.DeadAddr(t)
	s := start(t, pool("main", listen, a), "--threads", "2")
	store(t, listen, "new")
	var clients []*harness.Client
	for range 6 {
		clients = append(clients, harness.Dial(t, listen))
	}
	var ended atomic.Bool
	var rounds atomic.Int64
	done := make(chan error, 1)
	go change(clients, &ended, &rounds, done)
	more := func() {
		t.Helper()
		began := rounds.Load()
		testkit.Eventually(t, "more changes", func() error {
			if n := rounds.Load() - began; n < changed {
				return fmt.Errorf("%d of %d keys are changed", n, changed)
			}
			return nil
		})
	}
	more()
	s.reload(backed(listen, list(a), list(b)))
	more()
	s.allUp()
	more()
	ended.Store(true)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.allUp()
	sameKeys(t, a, b)
}

// TestFirstBackupOfAPrimaryThatHangs refuses to give a pool its first backup while the primary owes answers, although
// its clients wait no more. When it has answered, it is carried out.
func TestFirstBackupOfAPrimaryThatHangs(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), used(t)
	listen := testkit.DeadAddr(t)
	patient := func(pools string) string {
		return strings.Replace(pools, "timeout: 8000", "timeout: 8000\n  server_failure_limit: 100000", 1)
	}
	s := start(t, patient(pool("main", listen, a)))
	store(t, listen, "old")
	a.Pause()
	const each = 10 // of many clients, for what is sent of one at a time grows with its replies
	var clients []*harness.Client
	for i := range keysStored {
		if i%each == 0 {
			clients = append(clients, harness.Dial(t, listen))
		}
		clients[i/each].Send(harness.Set(fmt.Sprint("key", i), "new"))
	}
	for i := range keysStored {
		if reply := clients[i/each].Reply(); !strings.HasPrefix(reply, "SERVER_ERROR ") {
			t.Fatalf("the primary hangs, and the reply is %q", reply)
		}
	}
	s.write(patient(backed(listen, list(a), list(b))))
	s.proxy.Signal(syscall.SIGUSR1)
	s.await("has not answered all requests yet", 1)
	a.Resume()
	c := harness.Dial(t, listen)
	testkit.Eventually(t, "the primary has answered each loop", func() error {
		for i := range keysStored {
			key := fmt.Sprint("key", i)
			if reply := c.Do("get " + key + "\r\n"); reply != harness.Hit(key, "new") {
				return fmt.Errorf("%s is %q", key, reply)
			}
		}
		return nil
	})
	s.reload(patient(backed(listen, list(a), list(b))))
	c.Want("get key2\r\n", harness.Hit("key2", "new"))
	s.allUp()
	sameKeys(t, a, b)
}
