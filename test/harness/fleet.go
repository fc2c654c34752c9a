package harness

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// Fleet is several magents on the loopback that act as one: m0, m1 and so on. Their pool has one primary.
type Fleet struct {
	Members []*Magent
	tb      testing.TB
}

// Lease is the --fleet-lease of fleets in tests that are not about it. A member that stands still for longer than 0.6
// leases, as on a busy machine, is put out of the view, and has to refuse for a moment. All that a fleet waits for
// takes longer with a longer one: it is founded after half a lease.
const Lease = "15s"

// StartFleet runs so many members with the same arguments, and waits until each of them serves.
func StartFleet(tb testing.TB, members int, args ...string) *Fleet {
	tb.Helper()
	f := &Fleet{tb: tb}
	var list []string
	for i := range members {
		list = append(list, fmt.Sprintf("m%d=127.0.0.1:%d", i, testkit.ReservePort(tb)))
	}
	for i := range members {
		f.Members = append(f.Members, StartMagent(tb, slices.Concat(args, []string{
			"-l", fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(tb)), "--fleet", strings.Join(list, ","),
			"--member", fmt.Sprint("m", i), "--fleet-lease", Lease,
			"--state-dir", filepath.Join(tb.TempDir(), "state"),
		})...))
	}
	for _, m := range f.Members {
		f.AwaitServed(m)
	}
	return f
}

// AwaitServed waits until a value can be stored through a member.
func (f *Fleet) AwaitServed(m *Magent) {
	f.tb.Helper()
	testkit.Eventually(f.tb, "the fleet decides", func() error {
		c, err := Open(m.Addr)
		if err != nil {
			return err
		}
		defer c.Close()
		reply, err := c.Try(Set("first", "1"))
		if err == nil && reply != "STORED\r\n" {
			err = fmt.Errorf("%q", reply)
		}
		return err
	})
}

// WantServed asks at an address of a fleet, on a new connection each time, until it is not refused: a fleet that has
// just been founded, or of which a member stood still, says SERVER_ERROR for a moment. Then the reply must be want.
func WantServed(tb testing.TB, addr, request, want string) {
	tb.Helper()
	testkit.Eventually(tb, addr+" serves", func() error {
		c, err := Open(addr)
		if err != nil {
			return err
		}
		defer c.Close()
		reply, err := c.Try(request)
		if err != nil || strings.HasPrefix(reply, "SERVER_ERROR ") {
			return fmt.Errorf("%q, %v", reply, err)
		}
		if reply != want {
			tb.Fatalf("%s: %.80q: got %.200q, want %.200q", addr, request, reply, want)
		}
		return nil
	})
}

// Owner waits until a member names who decides, which is not the one that is given; -1: whoever it is.
func (f *Fleet) Owner(m *Magent, but int) (owner int) {
	f.tb.Helper()
	testkit.Eventually(f.tb, "somebody decides", func() (err error) {
		name := Stats(f.tb, m.Addr, "fleet")["view:owner"]
		if owner, err = strconv.Atoi(strings.TrimPrefix(name, "m")); err == nil && owner == but {
			err = fmt.Errorf("it is m%d still", owner)
		}
		return err
	})
	return owner
}

// OwnerDies kills who decides, and waits until another one does and has stored something. It returns the next owner.
func (f *Fleet) OwnerDies() (next *Magent) {
	f.tb.Helper()
	dead := f.Owner(f.Members[0], -1)
	f.Members[dead].Kill()
	other := f.Members[(dead+1)%len(f.Members)]
	next = f.Members[f.Owner(other, dead)]
	f.AwaitServed(other)
	return next
}

// OutlivesOwner stores keys through all members, kills who decides, and empties the primary by restart. Each key must
// then be there through the next owner, and on both servers. checkOn checks that they have it.
func (f *Fleet) OutlivesOwner(primary, backup string, restart func(), checkOn func(key, value string)) {
	f.tb.Helper()
	var keys []string
	for i, m := range f.Members {
		c := Dial(f.tb, m.Addr)
		for n := range 20 {
			keys = append(keys, fmt.Sprintf("k%d-%d", i, n))
			c.Want(Set(keys[len(keys)-1], "v"), "STORED\r\n")
		}
	}
	next := f.OwnerDies()
	AwaitState(f.tb, next.Addr, primary, "up")
	AwaitState(f.tb, next.Addr, backup, "up")
	restart()
	c := Dial(f.tb, next.Addr)
	for _, key := range keys {
		c.Want("get "+key+"\r\n", Hit(key, "v"))
		checkOn(key, "v")
	}
	AwaitState(f.tb, next.Addr, primary, "up")
}
