package owner

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/discover"
	"magent/internal/fleet/gate"
	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/testkit"
)

// TestReach: a server that was restarted tells nothing about what clients have seen, nor does one that is away,
// or that is drained.
func TestReach(t *testing.T) {
	server := func(pid int) config.Address {
		a, err := config.ParseAddress(testkit.Serve(t, func(c net.Conn) {
			for lines := bufio.NewScanner(c); lines.Scan(); {
				fmt.Fprintf(c, "STAT pid %d\r\nSTAT uptime 10\r\nSTAT time 1000\r\nEND\r\n", pid)
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	away, err := config.ParseAddress(testkit.DeadAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	drained := server(7)
	f := ownerOf(t, &config.Pool{
		Servers: []config.Address{server(7), server(8), server(9)}, Backups: []config.Address{away, drained},
		Drained: []config.Drain{{Server: drained.String()}},
	})
	missed := []*journal.Missed{{Identity: "7@990"}, {Identity: "7@990"}, {}, {}, {Identity: "7@990"}}
	want := []bool{true, false, true, false, false}
	if got := f.reach(f.pool(0), missed, testkit.Patience); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestScoutsBesideEachOther: the servers of all pools that are to decide are looked for at once, and not when it is
// the pool's turn.
func TestScoutsBesideEachOther(t *testing.T) {
	var names sync.Map
	release := make(chan struct{})
	var pools []*config.Pool
	for i := range 4 {
		pools = append(pools, &config.Pool{Servers: addresses(t, fmt.Sprintf("host%d", i))})
	}
	f := ownerOf(t, pools...)
	f.o.Process.Servers = discover.New(discover.Options{
		Lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
			names.Store(host, true)
			<-release
			return nil, errors.New("no such host")
		},
	})
	defer f.o.Process.Servers.Close()
	f.wants, f.rounds = make([]want, len(pools)), make([]int, len(pools))
	began := func(cfg *config.Pool, doubt bool) want {
		return want{
			stance: stance{kind: decides, term: &gate.Term{}}, cfg: cfg, missed: []*journal.Missed{{}}, doubt: doubt,
		}
	}
	wished := make(chan struct{})
	go func() {
		for i, cfg := range pools {
			f.wish(i, began(cfg, true))
		}
		close(wished)
	}()
	testkit.Until(t, "all are looked for, and none is found", func() bool {
		n := 0
		names.Range(func(any, any) bool { n++; return true })
		return n == len(pools)
	})
	close(release)
	<-wished
	for i, w := range f.wants {
		if got := w.scout.result(); !slices.Equal(got, []bool{false}) {
			t.Errorf("pool %d: %v", i, got)
		}
	}
	f.wish(0, began(pools[0], false))
	f.wish(1, want{stance: stance{kind: relays}})
	if f.wants[0].scout != nil || f.wants[1].scout != nil {
		t.Error("nothing is to be found out for a pool that takes over in good order, or that relays")
	}
	f.stop()
	f.wish(0, began(pools[0], true))
	if got := f.wants[0].scout.result(); !slices.Equal(got, []bool{false}) {
		t.Errorf("at the end of the process: %v", got)
	}
	f.done.Wait()
}

// TestScoutsForLonger: a pool looks for its servers for as long as reachFor says.
func TestScoutsForLonger(t *testing.T) {
	pool := &config.Pool{Servers: addresses(t, "primary"), Backups: addresses(t, "backup")}
	clean, keys := &journal.Missed{}, &journal.Missed{Keys: []string{"k"}}
	// scouted returns bounds of the time that a look-up has, from before it began, and from when it was under way.
	scouted := func(missed ...*journal.Missed) (most, least time.Duration) {
		f := ownerOf(t, pool)
		var mu sync.Mutex
		began := time.Now()
		f.o.Process.Servers = discover.New(discover.Options{
			Lookup: func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
				mu.Lock()
				defer mu.Unlock()
				if limit, ok := ctx.Deadline(); ok && most == 0 {
					most, least = limit.Sub(began), time.Until(limit)
				}
				return nil, errors.New("no such host")
			},
		})
		defer f.o.Process.Servers.Close()
		w := want{stance: stance{kind: decides, term: &gate.Term{}}, cfg: pool, missed: missed, doubt: true}
		f.scout(&w)
		w.scout.result()
		return most, least
	}
	if _, least := scouted(clean, clean); least > reachTime {
		t.Errorf("nothing is missed: %v", least)
	}
	if most, _ := scouted(keys, clean); most < reachLater {
		t.Errorf("only the backup has the keys: %v", most)
	}
}

// TestReachAgain: a server that does not answer the first connection is found by another one.
func TestReachAgain(t *testing.T) {
	var connections atomic.Int64
	a, err := config.ParseAddress(testkit.Serve(t, func(c net.Conn) {
		if connections.Add(1) == 1 {
			_, _ = io.Copy(io.Discard, c) // until it is given up
			return
		}
		for lines := bufio.NewScanner(c); lines.Scan(); {
			fmt.Fprint(c, "STAT pid 7\r\nSTAT uptime 10\r\nSTAT time 1000\r\nEND\r\n")
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	f := ownerOf(t, &config.Pool{Servers: []config.Address{a}})
	if got := f.reach(f.pool(0), []*journal.Missed{{}}, testkit.Patience); !got[0] || connections.Load() < 2 {
		t.Errorf("%v after %d connections", got, connections.Load())
	}
}

// TestReachFor: the backup is waited for if it alone has what the primary has missed, and is to be doubted.
func TestReachFor(t *testing.T) {
	pool := &config.Pool{Servers: make([]config.Address, 1), Backups: make([]config.Address, 1)}
	clean, keys := &journal.Missed{}, &journal.Missed{Keys: []string{"k"}}
	for name, c := range map[string]struct {
		doubt  bool
		missed []*journal.Missed
		want   time.Duration
	}{
		"nothing is missed":        {true, []*journal.Missed{clean, clean}, reachTime},
		"the primary missed a key": {true, []*journal.Missed{keys, clean}, reachLater},
		"both did":                 {true, []*journal.Missed{keys, keys}, reachTime},
		"the primary lacks all":    {true, []*journal.Missed{{All: true}, clean}, reachTime},
		"nothing is doubted":       {false, []*journal.Missed{keys, clean}, reachTime},
	} {
		if got := reachFor(pool, want{doubt: c.doubt, missed: c.missed}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestAwaitDoors: a pool does not begin before the doors of all servers that answer are open, and does not wait for
// the others.
func TestAwaitDoors(t *testing.T) {
	f := New(Options{
		Fleet:   &config.Fleet{Members: []config.FleetMember{{Name: "a"}}, Lease: testkit.Patience},
		Process: &pool.Process{},
	})
	w := want{stance: stance{term: f.gate.Begin("main", 1, gate.Life{Name: "a", Incarnation: 1})}}
	w.doors = pool.Doors{nil, pool.NewDoor(), pool.NewDoor()}
	var opened atomic.Bool
	go func() {
		opened.Store(true)
		w.doors[1].Open()
	}()
	f.awaitDoors(w, []bool{true, true, false})
	if !opened.Load() || w.doors.Open([]bool{true, true, false}) != true || w.doors.Open(nil) {
		t.Error("the pool has not waited for the right doors")
	}
	w.term.End()
	f.awaitDoors(w, []bool{true, true, true}) // its time is over: nothing is waited for
}

// TestWhoLed: a primary that lacked something did not lead, unless the backups are no better. One that has missed
// single keys did, and gets them from the backups first, if these have them.
func TestWhoLed(t *testing.T) {
	cfg := &config.Pool{Servers: make([]config.Address, 1), Backups: make([]config.Address, 1)}
	clean := &journal.Missed{}
	keys, all := &journal.Missed{Keys: []string{"k"}}, &journal.Missed{All: true}
	part := &journal.Missed{Incomplete: true}
	for name, c := range map[string]struct {
		there           []bool
		missed          []*journal.Missed
		leads, repaired bool
	}{
		"nothing is missed":         {[]bool{true, true}, []*journal.Missed{clean, clean}, true, false},
		"keys":                      {[]bool{true, true}, []*journal.Missed{keys, clean}, true, true},
		"keys, the backup is away":  {[]bool{true, false}, []*journal.Missed{keys, clean}, true, false},
		"keys, the primary is away": {[]bool{false, true}, []*journal.Missed{keys, clean}, false, false},
		"keys on both":              {[]bool{true, true}, []*journal.Missed{keys, keys}, true, false},
		"keys of the backup":        {[]bool{true, true}, []*journal.Missed{clean, keys}, true, false},
		"everything":                {[]bool{true, true}, []*journal.Missed{all, clean}, false, false},
		"being filled":              {[]bool{true, true}, []*journal.Missed{part, keys}, false, false},
		"both are being filled":     {[]bool{true, true}, []*journal.Missed{part, part}, true, false},
		"the backup is in doubt":    {[]bool{true, true}, []*journal.Missed{keys, all}, true, false},
	} {
		if got := leading(1, c.there, c.missed); got[0] != c.leads {
			t.Errorf("%s: the primary led: %v", name, got[0])
		}
		if got := repairsPrimary(cfg, c.there, c.missed); got != c.repaired {
			t.Errorf("%s: it gets the keys first: %v", name, got)
		}
	}
}
