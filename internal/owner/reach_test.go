package owner

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"magent/internal/config"
	"magent/internal/fleet/gate"
	"magent/internal/journal"
	"magent/internal/pool"
	"magent/internal/testkit"
)

// TestReach: a server that was restarted tells nothing about what clients have seen, nor does one that is away.
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
	f := ownerOf(t, &config.Pool{
		Servers: []config.Address{server(7), server(8), server(9)}, Backups: []config.Address{away},
	})
	missed := []*journal.Missed{{Identity: "7@990"}, {Identity: "7@990"}, {}, {}}
	want := []bool{true, false, true, false}
	if got := f.reach(0, missed); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
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
