package upgrade

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/test/harness"
)

// worker is a client that writes and reads its own keys, and knows what it must read. It connects anew from time to
// time.
type worker struct {
	id      int
	open    func() (*harness.Client, error) // connects
	rng     *rand.Rand
	c       *harness.Client
	left    int            // requests until it comes back with a new connection
	written map[string]int // the last version that was acknowledged
	tried   map[string]int // the last one that was sent
	asked   int
	broken  int // connections that ended under a request
	longest time.Duration
}

// TestUnderLoad checks upgrades under load: no connection is refused, no client sees an error, and nothing that was
// acknowledged is lost. Only a request that is sent while the old process closes its connection may fail.
func TestUnderLoad(t *testing.T) {
	t.Parallel()
	one := harness.Binary(t)
	underLoad(t, one, one, one, one, one, one)
}

// underLoad starts the first binary and has the others take over, one after the other.
func underLoad(t *testing.T, first string, then ...string) {
	t.Helper()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	s := installAs(t, first, "-s", primary.Addr, "-b", backup.Addr, "--threads", "2")
	var ended atomic.Bool
	workers := make([]*worker, 16)
	done := make(chan error, 1)
	go load(s.addr, workers, &ended, done)
	for _, binary := range then {
		idle := harness.Dial(t, s.addr)
		idle.Want("mn\r\n", "MN\r\n")
		s.replace(binary)
		s.upgrade()
		if rest, err := idle.TryRest(); rest != "" || err != nil {
			t.Errorf("an idle client reads %q, %v", rest, err)
		}
	}
	ended.Store(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
	asked, broken, longest := 0, 0, time.Duration(0)
	for _, w := range workers {
		asked, broken, longest = asked+w.asked, broken+w.broken, max(longest, w.longest)
	}
	t.Logf("%d upgrades: %d requests, %d connections ended under a request, the longest answer took %v", len(then),
		asked, broken, longest)
	if asked < 1000 || broken > 2*len(then)*len(workers) { // once, and again for who was taken in at the last moment
		t.Errorf("%d requests, %d connections ended under a request", asked, broken)
	}
}

func load(addr string, workers []*worker, ended *atomic.Bool, done chan<- error) {
	loadAs(0, addr, workers, ended, done)
}

// loadAs is load with workers that have numbers from first on: each number has keys of its own.
func loadAs(first int, addr string, workers []*worker, ended *atomic.Bool, done chan<- error) {
	loadBy(first, func() (*harness.Client, error) { return harness.Open(addr) }, workers, ended, done)
}

// pause is how long a worker rests after each answer: most of the time some request is under way, and the machine is
// not filled by a load whose amount proves nothing.
const pause = time.Millisecond

// loadBy is loadAs with another way to connect.
func loadBy(
	first int, open func() (*harness.Client, error), workers []*worker, ended *atomic.Bool, done chan<- error,
) {
	done <- harness.Together(len(workers), func(i int) error {
		w := &worker{
			id: first + i, open: open, rng: rand.New(rand.NewPCG(uint64(i), 0)), written: map[string]int{},
			tried: map[string]int{},
		}
		workers[i] = w
		for !ended.Load() {
			if err := w.step(); err != nil {
				return fmt.Errorf("worker %d: %w", i, err)
			}
			time.Sleep(pause)
		}
		return w.check()
	})
}

// step sends one request. It is no error if an idle connection ends, but a request must not be lost.
func (w *worker) step() error {
	if w.left--; w.left <= 0 && w.c != nil {
		w.c.Close()
		w.c = nil
	}
	if w.c == nil {
		c, err := w.open()
		if err != nil {
			return fmt.Errorf("cannot connect: %w", err)
		}
		w.c, w.left = c, 1+w.rng.IntN(200)
	}
	w.asked++
	began := time.Now()
	defer func() { w.longest = max(w.longest, time.Since(began)) }()
	key := fmt.Sprintf("w%d-%d", w.id, w.rng.IntN(20))
	if w.rng.IntN(2) == 0 {
		return w.set(key)
	}
	return w.get(key)
}

func (w *worker) set(key string) error {
	w.tried[key]++
	reply, err := w.c.Try(harness.Set(key, strconv.Itoa(w.tried[key])))
	switch {
	case err != nil:
		return w.lost(reply, err)
	case reply != "STORED\r\n":
		return fmt.Errorf("set %s: %q", key, reply)
	}
	w.written[key] = w.tried[key]
	return nil
}

// get reads a key. It must have a version that was acknowledged, or a later one that was tried.
func (w *worker) get(key string) error {
	reply, err := w.c.Try("get " + key + "\r\n")
	if err != nil {
		return w.lost(reply, err)
	}
	if reply == "END\r\n" && w.written[key] == 0 {
		return nil
	}
	lines := strings.Split(reply, "\r\n")
	if len(lines) < 3 {
		return fmt.Errorf("get %s: %q, version %d was acknowledged", key, reply, w.written[key])
	}
	version, err := strconv.Atoi(lines[1])
	if err != nil || version < w.written[key] || version > w.tried[key] {
		return fmt.Errorf("get %s: %q, version %d was acknowledged, %d tried", key, reply,
			w.written[key], w.tried[key])
	}
	w.written[key] = version
	return nil
}

// lost decides about the end of a connection: it is an error in the middle of a reply, or after a wait for one.
func (w *worker) lost(reply string, err error) error {
	if reply != "" {
		return fmt.Errorf("a torn reply: %q, %w", reply, err)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("no answer: %w", err)
	}
	w.broken++
	w.c.Close()
	w.c = nil
	return nil
}

// check reads all keys once more.
func (w *worker) check() error {
	for key := range w.tried {
		for w.c == nil {
			c, err := w.open()
			if err != nil {
				return err
			}
			w.c, w.left = c, 1000
		}
		if err := w.get(key); err != nil {
			return err
		}
	}
	w.c.Close()
	return nil
}
