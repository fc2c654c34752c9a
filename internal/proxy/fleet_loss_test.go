package proxy

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/pool"
	"magent/internal/testkit"
)

// owner waits until a member says that it decides, and returns which one.
func (f *fleetRig) owner() (owner int) {
	f.t.Helper()
	testkit.Until(f.t, "a member decides", func() bool {
		for i, svc := range f.svcs {
			if svc != nil && len(svc.fleet().Groups) > 0 && svc.fleet().Groups[0].Owns {
				owner = i
				return true
			}
		}
		return false
	})
	return owner
}

// An owner that has lost its lease says so, is not ready, and writes nothing, not even what was noreply. When there
// is a majority again the fleet takes over, and what was refused is not carried out.
func TestFleetLeaseIsLost(t *testing.T) {
	t.Parallel()
	f := newHastyRig(t, 3, 1, pool.OwnerWait)
	f.set("k", "old")
	f.holds(f.pool.Backups[0], "k", "old")
	alone := f.owner()
	svc := f.svcs[alone]
	before := svc.fleet().Takeovers
	for i := range f.svcs {
		if i != alone {
			f.kill(i)
		}
	}
	const named = "SERVER_ERROR fleet: no member decides at present, and this was not carried out\r\n"
	testkit.Until(t, "it refuses", func() bool { return f.ask(alone, "get k\r\n") == named })
	testkit.Until(t, "it is not ready", func() bool {
		return strings.Contains(strings.Join(svc.fleet().Unready(), " "), "fleet: ")
	})
	c := newClient(t, testkit.Dial(t, "tcp", svc.Addrs()[0]))
	c.say("set k 0 0 5 noreply\r\nquiet\r\ndelete k noreply\r\n")
	refused := []string{"set k 0 0 5\r\nwrong\r\n", "append k 0 0 1\r\n!\r\n", "delete k\r\n", "get k\r\n"}
	c.say(strings.Join(refused, ""))
	c.hear(strings.Repeat(named, len(refused)))
	if got := f.ask(alone, "flush_all\r\n"); !strings.HasPrefix(got, "SERVER_ERROR ") {
		t.Errorf("flush_all: %q", got)
	}
	f.holds(f.pool.Servers[0], "k", "old")
	f.holds(f.pool.Backups[0], "k", "old")

	for i := range f.svcs {
		if i != alone {
			f.start(i)
		}
	}
	f.set("other", "v")
	for i := range f.svcs {
		c := newClient(t, testkit.Dial(t, "tcp", f.addrs[i]))
		testkit.Until(t, "each member answers", func() bool {
			c.say("get k\r\n")
			line := c.line()
			if strings.HasPrefix(line, "SERVER_ERROR ") {
				return false
			}
			if value := c.line(); line != "VALUE k 0 3\r\n" || value != "old\r\n" {
				t.Fatalf("%q, %q", line, value)
			}
			c.hear("END\r\n")
			return true
		})
	}
	if now := f.owner(); now == alone {
		testkit.Until(t, "it has taken over", func() bool { return svc.fleet().Takeovers > before })
	}
}

// An owner that loses its lease tells no client what became of what was under way: it cannot record any more which
// copy is wrong, and the next owner may take the other one for right.
func TestFleetLeaseIsLostUnderWay(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	f.set("k", "old")
	f.set("other", "old")
	f.holds(f.pool.Backups[0], "k", "old")
	alone := f.owner()
	dial := func() *client { return newClient(t, testkit.Dial(t, "tcp", f.addrs[alone])) }
	compares, sets, reads := dial(), dial(), dial()
	compares.say("gets k\r\n")
	token := strings.Fields(compares.line())[4]
	compares.hear("old\r\nEND\r\n")
	f.servers[0].Pause()
	compares.say("cas k 0 0 3 " + token + "\r\nnew\r\n")
	sets.say("get other\r\nset more 0 0 3\r\nset\r\n")
	reads.say("get other\r\n")
	f.holds(f.pool.Backups[0], "more", "set")
	for i := range f.svcs {
		if i != alone {
			f.kill(i)
		}
	}
	for _, c := range []*client{compares, sets, reads} {
		c.ended()
	}
	f.servers[0].Resume()
}

// grip keeps connections of this process to servers open, whatever becomes of their owners, and returns how many
// these are. They are closed when the test ends.
func (f *fleetRig) grip() (held int) {
	f.t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range entries {
		fd, _ := strconv.Atoi(e.Name())
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			continue // it was closed meanwhile
		}
		peer, _ := unix.Getpeername(own)
		to, ok := peer.(*unix.SockaddrInet4)
		if !ok || to.Port != f.pool.Servers[0].Port && to.Port != f.pool.Backups[0].Port {
			unix.Close(own)
			continue
		}
		f.t.Cleanup(func() { unix.Close(own) })
		held++
	}
	return held
}

// A successor uses no server on which connections of the dead owner are listed, until nothing in them can be carried
// out any more. The time is a lower bound: a busy machine makes it longer.
func TestFleetFence(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	f.set("k", "old")
	dead := f.owner()
	if f.grip() == 0 {
		t.Fatal("the owner has no connection to a server")
	}
	began := time.Now()
	f.kill(dead)
	f.set("k", "new")
	if took := time.Since(began); took < pool.UserTimeout {
		t.Errorf("the successor wrote after %v, while connections of the dead were listed", took)
	}
	f.holds(f.pool.Servers[0], "k", "new")
}

// counter is a client of a member that counts, one request after the other.
type counter struct {
	*client
	key  string
	done atomic.Int64
}

// counter is a client of member i that has stored 0, and counts on from there.
func (f *fleetRig) counter(i int, key string) *counter {
	f.t.Helper()
	c := &counter{client: f.client(i), key: key}
	c.say("set " + key + " 0 0 1\r\n0\r\n")
	c.hear("STORED\r\n")
	return c
}

// run counts until ended is set, and fails at the first answer that is not the next number.
func (c *counter) run(ended *atomic.Bool) error {
	for n := int64(1); !ended.Load(); n++ {
		_ = c.c.SetDeadline(time.Now().Add(2 * testkit.Patience))
		if _, err := io.WriteString(c.c, "incr "+c.key+" 1\r\n"); err != nil {
			return err
		}
		got, err := c.r.ReadString('\n')
		if err != nil || got != fmt.Sprintf("%d\r\n", n) {
			return fmt.Errorf("%s: %q, want %d (%w)", c.key, got, n, err)
		}
		c.done.Store(n)
		time.Sleep(3 * time.Millisecond) // the rest of the machine is for others
	}
	return nil
}

// goesOn waits until it has counted so far, or one of those that run has failed. Each count has its own time.
func (c *counter) goesOn(t *testing.T, by int64, failed <-chan error) {
	t.Helper()
	for end := c.done.Load() + by; c.done.Load() <= end && len(failed) == 0; {
		from := c.done.Load()
		testkit.Until(t, c.key+" is counted on", func() bool { return len(failed) > 0 || c.done.Load() > from })
	}
}

// An owner that leaves hands over. Clients of the other members see no error, and nothing is lost or done twice.
func TestFleetOwnerLeavesUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	f.set("k", "v")
	leaves := f.owner()
	var ended atomic.Bool
	var counters []*counter
	errs := make(chan error, len(f.svcs))
	for i := range f.svcs {
		if i != leaves {
			c := f.counter(i, fmt.Sprint("n", i))
			counters = append(counters, c)
			go func() { errs <- c.run(&ended) }()
		}
	}
	count := func() {
		for _, c := range counters {
			c.goesOn(t, 100, errs)
		}
	}
	count()
	f.svcs[leaves].Drain()
	f.kill(leaves)
	count()
	if next := f.owner(); next == leaves {
		t.Error("who has left decides")
	}
	ended.Store(true)
	for range counters {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for _, c := range counters {
		want := fmt.Sprint(c.done.Load())
		f.holds(f.pool.Servers[0], c.key, want)
		f.holds(f.pool.Backups[0], c.key, want)
	}
}

// A member joins that was killed when it was in no fleet. What it was just writing may be on one copy only, so whoever
// decides compares all keys, without an error for clients.
func TestFleetJoinedByWhoWasKilled(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	f.set("k", "value")
	f.holds(f.pool.Backups[0], "k", "value")
	f.kill(2)
	f.dirs[2] = filepath.Join(t.TempDir(), "state")
	fleet := f.members
	f.members = nil
	f.start(2) // alone
	left := ""
	testkit.Eventually(t, "its state is copied as a kill leaves it, between two renames", func() error {
		left = filepath.Join(t.TempDir(), "state")
		return os.CopyFS(left, os.DirFS(f.dirs[2]))
	})
	f.kill(2)
	f.dirs[2] = left
	f.members = fleet
	b := newClient(t, testkit.Dial(t, "tcp", f.pool.Backups[0].String()))
	b.say("set k 0 0 5\r\nother\r\n")
	b.hear("STORED\r\n")
	c := f.counter(0, "n")
	var ended atomic.Bool
	errs := make(chan error, 1)
	go func() { errs <- c.run(&ended) }()
	f.start(2)
	// memcached lists no item that is just being read, so nobody reads it meanwhile.
	testkit.Until(t, "the backup is back after the comparison", func() bool {
		last := ""
		for _, e := range f.svcs[f.owner()].shared.Registry.Events().List() {
			if e.Role == "backup" {
				last += e.What + " "
			}
		}
		return strings.HasSuffix(last, "warming up ")
	})
	f.holds(f.pool.Backups[0], "k", "value")
	c.goesOn(t, 100, errs)
	ended.Store(true)
	if err := <-errs; err != nil {
		t.Error(err)
	}
}
