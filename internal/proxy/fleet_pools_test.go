package proxy

import (
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/session"
	"magent/internal/testkit"
)

// another has one more pool of memcacheds in the files of all members, at an address of its own on each. One member
// has its primaries and backups the other way round.
func (a *files) another(name string, servers, backups []config.Address) {
	for i := range a.f.svcs {
		p := a.f.poolOf(i)
		p.Name, p.Servers, p.Backups = name, servers, backups
		p.Listen = []config.Listen{{Network: "tcp", Address: testkit.DeadAddr(a.f.t), Backlog: 64}}
		if i == 2 {
			p = *placement.Exchanged(&p)
		}
		a.more(i, p)
	}
}

func (a *files) more(i int, pools ...config.Pool) {
	a.mu[i].Lock()
	a.redis[i] = pools
	a.mu[i].Unlock()
}

// A reload of one member adds a whole pool to all of them, gives it another name, and removes it. Each member has the
// same pools afterwards, at addresses where clients get the values. Clients of the pool that stays count on.
func TestFleetAddsAndRemovesPools(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	all := f.withFiles()
	var ended atomic.Bool
	var counters []*counter
	for i := range f.svcs {
		counters = append(counters, f.counter(i, fmt.Sprintf("counted-%d", i)))
	}
	errs := make(chan error, len(counters))
	for _, c := range counters {
		go func() { errs <- c.run(&ended) }()
	}
	turn := func(i int, what string) {
		t.Helper()
		if err := all.reload(i); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for n := range f.svcs { // it may be about to follow
			all.follows(n)
		}
		for _, c := range counters {
			c.goesOn(t, 5, errs)
		}
	}
	servers, backups := []config.Address{f.more(), f.more()}, []config.Address{f.more()}
	ask := func(i int, request string) string {
		t.Helper()
		c := newClient(t, testkit.Dial(t, "tcp", all.redis[i][0].Listen[0].Address))
		defer c.c.Close()
		c.say(request)
		line, _ := c.r.ReadString('\n')
		return line
	}
	all.another("more", servers, backups)
	turn(0, "a pool is added")
	for i := range f.svcs {
		if got := ask(i, fmt.Sprintf("set k%d 0 0 1\r\nv\r\n", i)); got != "STORED\r\n" {
			t.Errorf("member %d: %q", i, got)
		}
	}
	for i := range f.svcs {
		p := slices.Clone(all.redis[i])
		p[0].Name = "other"
		all.more(i, p...)
	}
	turn(1, "it is renamed")
	for i := range f.svcs {
		for n := range f.svcs {
			if got := ask(i, fmt.Sprintf("get k%d\r\n", n)); got != fmt.Sprintf("VALUE k%d 0 1\r\n", n) {
				t.Errorf("member %d: %q", i, got)
			}
		}
	}
	for i := range f.svcs {
		all.more(i)
	}
	turn(2, "it is removed")
	all.another("more", servers, backups)
	turn(0, "and added again")
	ended.Store(true)
	for range counters {
		if err := testkit.Await(t, "a counter", errs); err != nil {
			t.Error(err)
		}
	}
}

// Figures and configurations of pools belong together by their order. So a new pool of the fleet is shown when this
// process has it too, also if its parts were replaced before.
func TestFleetShowsPools(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 2)
	all := f.withFiles()
	all.another("more", []config.Address{f.more(), f.more()}, []config.Address{f.more()})
	svc := f.svcs[0]
	file := append(all.pools[:1:1], all.redis[0]...)
	shows := func(pools int) {
		t.Helper()
		process, sum, err := svc.Figures(t.Context())
		if err != nil || len(process.Pools) != pools || len(sum.Pools) != pools {
			t.Errorf("%d pools with figures of %d, want %d: %v", len(process.Pools), len(sum.Pools), pools, err)
		}
	}
	all.mu[0].Lock()
	defer all.mu[0].Unlock()
	all.goOver(all.undecided(file), file, func() { shows(1) }) // which waits for the parts to be replaced
	shows(1)
	if err := svc.Follow(); err != nil {
		t.Fatal(err)
	}
	shows(2)
}

// What a client of a pool has asked for when that has gone is answered, and then it is sent away.
func TestFleetSendsAway(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 2, 2)
	all := f.withFiles()
	all.another("more", []config.Address{f.more(), f.more()}, []config.Address{f.more()})
	if err := all.reload(0); err != nil {
		t.Fatal(err)
	}
	svc := f.svcs[0]
	c := newClient(t, testkit.Dial(t, "tcp", all.redis[0][0].Listen[0].Address))
	defer c.c.Close()
	c.say("set k 0 0 1\r\nv\r\n")
	if line, _ := c.r.ReadString('\n'); line != "STORED\r\n" {
		t.Fatalf("%q", line)
	}
	all.more(0)
	all.more(1)
	file := all.pools[:1:1]
	all.mu[0].Lock()
	defer all.mu[0].Unlock()
	all.goOver(all.undecided(file), file, func() {})
	c.say("get k\r\n") // before this process follows
	r := &rig{t: t, svc: svc}
	r.eventually(0, "the request is there", func(sh *session.Shard) bool { return sh.Waiting() })
	if err := svc.Reload(file); err != nil {
		t.Fatal(err)
	}
	_ = c.c.SetDeadline(time.Now().Add(testkit.Patience))
	rest, err := io.ReadAll(c.r)
	if err != nil || string(rest) != goneReply {
		t.Errorf("%q, %v", rest, err)
	}
}
