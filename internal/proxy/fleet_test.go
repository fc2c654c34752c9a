package proxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

// fleetLease is longer than by default: a member that stands still on a busy machine for longer than it has to refuse.
// Under the race detector all takes longer.
var fleetLease = func() time.Duration {
	if testkit.Raced {
		return 15 * time.Second
	}
	return 9 * time.Second
}()

// fleetRig is a fleet of Services in this process, in front of real memcacheds.
type fleetRig struct {
	t       testing.TB
	members []config.FleetMember // nil: who is started is in no fleet
	pool    config.Pool
	servers []*testkit.Process
	dirs    []string
	svcs    []*Service    // nil: it has ended
	addrs   []string      // of members: where clients connect
	swapped []bool        // by member: it has primaries and backups the other way round
	wait    time.Duration // how long requests wait for an owner

	change func(*config.Config) // what the next member that starts has in another way; nil: nothing
	read   func(i int) error    // has a member read its file again (Options.ReadAgain); nil: it has none
}

// memcachedAt starts a memcached on a port of this machine.
func memcachedAt(t testing.TB, port int) *testkit.Process {
	p := testkit.Start(t, "memcached",
		"memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "0")
	testkit.Until(t, "memcached listens", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return p
}

// newFleetRig starts so many members, with so many primaries, and a backup. It waits until each group is decided for
// at home, so no group moves before a member is killed. Requests wait for an owner as long as a busy machine needs.
func newFleetRig(t testing.TB, members, primaries int) *fleetRig {
	return newHastyRig(t, members, primaries, testOwnerWait)
}

// newHastyRig is newFleetRig with another time that requests wait for an owner.
func newHastyRig(t testing.TB, members, primaries int, wait time.Duration) *fleetRig {
	f := &fleetRig{t: t, svcs: make([]*Service, members), swapped: make([]bool, members), wait: wait}
	f.addrs = make([]string, members)
	f.pool = config.Pool{
		Name:   "main",
		Listen: []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 64}},
		Hash:   "md5", Distribution: "ketama", Ack: config.AckAll,
		Timeout: testkit.Patience, ConnectTimeout: testkit.Patience, ServerFailureLimit: 2,
		ProbeInterval: 50 * time.Millisecond,
	}
	for i := range primaries + 1 {
		port := testkit.ReservePort(t)
		a, err := config.ParseAddress(fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		f.servers = append(f.servers, memcachedAt(t, port))
		if i < primaries {
			f.pool.Servers = append(f.pool.Servers, a)
		} else {
			f.pool.Backups = append(f.pool.Backups, a)
		}
	}
	for i := range members {
		f.members = append(f.members, config.FleetMember{
			Name: string(rune('a' + i)), Host: memberHost(i), Port: testkit.ReservePort(t),
		})
		f.dirs = append(f.dirs, filepath.Join(t.TempDir(), "state"))
	}
	for i := range f.svcs {
		f.start(i)
	}
	t.Cleanup(func() {
		for i := range f.svcs {
			f.kill(i)
		}
	})
	var homes []string
	for i := range primaries {
		homes = append(homes, f.members[i%members].Name)
	}
	f.owned(strings.Join(homes, " "))
	return f
}

// memberHost is an address of this test process's own: when it has ended, nobody else listens there.
func memberHost(i int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+(pid>>8)%128, pid%256, 10+i)
}

func (f *fleetRig) start(i int) {
	f.t.Helper()
	c := config.Config{
		Pools: []config.Pool{f.poolOf(i)}, Threads: 1 + i%2, MaxClients: 100, MaxValue: 1 << 20, MaxDirty: 10_000,
		DrainTime: testkit.Patience, StateDir: f.dirs[i],
	}
	if f.members != nil {
		c.Fleet = &config.Fleet{Members: f.members, Self: i, Lease: fleetLease}
	}
	if f.change != nil {
		f.change(&c)
	}
	svc, err := Start(Options{
		Config: c, Log: zerolog.New(zerolog.NewTestWriter(f.t)), Version: "test", flushable: testFlushable,
		homeAfter: 100 * time.Millisecond, StoredEvery: 100 * time.Millisecond, ownerWait: f.wait,
		ReadAgain: func(context.Context) error {
			if f.read == nil {
				return errors.New("there is no file")
			}
			return f.read(i)
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.svcs[i], f.addrs[i] = svc, svc.Addrs()[0] // a reload that others want may come at any time
}

// poolOf is the pool of a member, in the roles that it has.
func (f *fleetRig) poolOf(i int) config.Pool {
	if f.swapped[i] {
		return *placement.Exchanged(&f.pool)
	}
	return f.pool
}

// swap starts a member anew that has the primaries and backups the other way round.
func (f *fleetRig) swap(i int) {
	f.t.Helper()
	f.kill(i)
	f.swapped[i] = true
	f.start(i)
}

// kill ends a member as a kill would: the others are told nothing.
func (f *fleetRig) kill(i int) {
	if f.svcs[i] != nil {
		f.svcs[i].Close()
		f.svcs[i] = nil
	}
}

// ask sends a request to a member, and returns its answer of one line. Empty: the connection was closed, as it is when
// what an answer depends on was dropped.
func (f *fleetRig) ask(i int, request string) string {
	f.t.Helper()
	c := newClient(f.t, testkit.Dial(f.t, "tcp", f.addrs[i]))
	defer c.c.Close()
	c.say(request)
	line, _ := c.r.ReadString('\n')
	return line
}

// dirty reports whether a member knows that a server has missed a key.
func (f *fleetRig) dirty(i, server int, key string) (dirty bool) {
	sh := f.svcs[i].group.OwnerOf([]byte(key))
	r := &rig{t: f.t, svc: f.svcs[i]}
	r.on(sh.ID, func(sh *session.Shard) {
		p := sh.Pools[0]
		dirty = !p.Relay && p.Engine.Dirty(server).Has([]byte(key)) // it may just have stopped to decide
	})
	return dirty
}

// holds waits until a memcached has this value of a key. Empty: none. It looks seldom, for memcached lists no item
// that is just being read, and the list may be what finds out that the value is wrong.
func (f *fleetRig) holds(a config.Address, key, value string) {
	f.t.Helper()
	const seldom = 300 * time.Millisecond
	what := fmt.Sprintf("%s has %q of %s", a, value, key)
	want := "END\r\n"
	if value != "" {
		want = fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", key, len(value), value)
	}
	for began := time.Now(); ; time.Sleep(seldom) {
		got, err := f.asked(a, key)
		switch {
		case err == nil && got == want:
			return
		case time.Since(began) > testkit.Patience:
			f.t.Fatalf("%s: not within %v: %q, %v", what, testkit.Patience, got, err)
		}
	}
}

// asked returns what a memcached answers to a get.
func (f *fleetRig) asked(a config.Address, key string) (got string, err error) {
	conn, err := net.Dial("tcp", a.String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if _, err := io.WriteString(conn, "get "+key+"\r\n"); err != nil {
		return "", err
	}
	for r := bufio.NewReader(conn); !strings.HasSuffix(got, "END\r\n"); {
		line, err := r.ReadString('\n')
		if err != nil {
			return got, err
		}
		got += line
	}
	return got, nil
}

// set has the fleet store a value. A machine that stands still for longer than a lease only makes it wait.
func (f *fleetRig) set(key, value string) {
	f.t.Helper()
	testkit.Until(f.t, "a member decides", func() bool {
		for i, svc := range f.svcs {
			if svc == nil {
				continue
			}
			switch got := f.ask(i, fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value)); {
			case got == "STORED\r\n":
				return true
			case got != "" && !strings.HasPrefix(got, "SERVER_ERROR "):
				f.t.Fatalf("a member says %q", got)
			}
		}
		return false
	})
}

// One member decides, and the others hand their requests to it. When it is killed another one does, and knows what
// servers have missed.
func TestFleetOwnerIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 1)
	f.set("k0", "old")
	f.holds(f.pool.Backups[0], "k0", "old")
	f.servers[1].Kill()
	f.set("k1", "new")
	f.set("k2", "new")
	f.kill(f.owner())
	f.set("k3", "new")
	for _, key := range []string{"k1", "k2", "k3"} {
		testkit.Until(t, "the owner knows what the backup has missed", func() bool {
			return f.dirty(f.owner(), 1, key)
		})
	}
	f.servers[1] = memcachedAt(t, f.pool.Backups[0].Port)
	for key, value := range map[string]string{"k0": "old", "k1": "new", "k2": "new", "k3": "new"} {
		f.holds(f.pool.Backups[0], key, value)
	}
}
