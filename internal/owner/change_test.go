package owner

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/fleet/launch"
	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/stats"
	"magent/internal/testkit"
)

// withMember has an Owner take part in a fleet, in which the other member never runs.
func withMember(t *testing.T, f *Owner) {
	t.Helper()
	f.o.Fleet = &config.Fleet{Lease: time.Second}
	for _, name := range []string{"a", "b"} {
		m := config.FleetMember{Name: name, Host: "127.0.0.1", Port: testkit.ReservePort(t)}
		f.o.Fleet.Members = append(f.o.Fleet.Members, m)
	}
	place := journal.Place{Dir: filepath.Join(t.TempDir(), "state")}
	lock, _, err := journal.Open(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := launch.Open(launch.Options{
		Fleet: f.o.Fleet, Place: place, Log: zerolog.Nop(), Groups: f.groups(), Pools: f.placement(),
		Failed: func(err error) { t.Error(err) }, Note: func(stats.Event) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.member.Store(m)
	t.Cleanup(func() {
		f.stop()
		_ = m.Close()
		lock.Close()
	})
}

// A reload or an upgrade does not wait for a member that has failed: nobody would read signals, and none would end the
// process.
func TestNobodyWaitsForAMemberThatHasFailed(t *testing.T) {
	f := ownerOf(t, poolOf(t, "a", ""))
	f.wants, f.rounds, f.reached = make([]want, 1), make([]int, 1), make([]int, 1)
	withMember(t, f)
	cfg := map[int]*config.Pool{0: poolOf(t, "a", "")}
	change := func() (told bool) {
		_, told = f.change(cfg)
		return told
	}
	if !change() {
		t.Fatal("the member is not told while it runs")
	}
	_ = f.member.Load().Close() // when its log cannot be written, it fails in the same way
	ended := make(chan bool)
	go func() {
		for range 20 { // whether it is found out before or after the member was asked is left to chance
			ended <- change()
			f.Cede()
		}
		close(ended)
	}()
	for range 20 {
		if testkit.Await(t, "a change", ended) {
			t.Error("the member counts as told")
		}
	}
	testkit.Await(t, "the last one to cede", ended)
}

// While transit waits for a server without a limit, whoever asks it for something goes on after a while. What would be
// of no use later is not done any more. What the configuration says already is.
func TestTransitIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := New(Options{Fleet: &config.Fleet{Members: []config.FleetMember{{Name: "a"}}}, Process: &pool.Process{}})
		defer f.stop()
		var did []int
		if f.inTransit(func() { did = append(did, 1) }) {
			t.Error("nobody has done it")
		}
		if f.Change(nil) {
			t.Error("nobody has changed anything")
		}
		if len(f.tasks) != 1 {
			t.Fatalf("%d tasks are left", len(f.tasks))
		}
		f.tasks[0].do = func() { did = append(did, 2) }
		f.give(func() { did = append(did, 3) })
		f.doTasks()
		if fmt.Sprint(did) != "[2 3]" {
			t.Errorf("done: %v", did)
		}
	})
}

// A process that is told to end does not wait for transit.
func TestTransitIsBusyAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ending, end := context.WithCancel(t.Context())
		f := New(Options{
			Fleet: &config.Fleet{Members: []config.FleetMember{{Name: "a"}}}, Process: &pool.Process{}, Ending: ending,
		})
		defer f.stop()
		began := time.Now()
		time.AfterFunc(time.Millisecond, end)
		if f.inTransit(func() {}) || f.Change(nil) {
			t.Error("somebody has done it")
		}
		if took := time.Since(began); took > time.Millisecond {
			t.Errorf("it takes %v", took)
		}
	})
}
