package core

import (
	"testing"
	"time"

	"magent/internal/fleet/view"
)

// fencing is a process that decides for a group since 10 s, and had to fence connections of b at a server: one of a
// life that is over, and one that it took for such, because its view was out of date then.
func fencing(t *testing.T) (c *Core, dead, living address) {
	t.Helper()
	const second = time.Second
	c, err := New(Config{
		Name: "a", List: []Peer{{Name: "a"}, {Name: "b"}}, NewID: func() uint64 { return 7 },
		Lease: 2 * second, UserTimeout: second,
	}, Saved{}, 9*second)
	if err != nil {
		t.Fatal(err)
	}
	c.view = view.View{
		Epoch: 3, Groups: []view.Group{{Name: "p"}},
		Members: []view.Member{{Name: "b", State: view.Alive, Incarnation: 5, Life: 2}},
	}
	dead, living = address{"s", "1:1", "b", 5, 1}, address{"s", "1:2", "b", 5, 2}
	c.known = addresses{dead: false, living: false}
	c.holds["p"] = &holding{
		since: 3, stage: decides, opened: 10 * second, ended: 10 * second,
		fenced: map[string][]address{"s": {dead, living}},
	}
	c.lease.Elect([]uint64{1})
	return c, dead, living
}

// Who leaves does not begin to decide for what it is given meanwhile.
func TestLeavingBeginsNothing(t *testing.T) {
	for _, leaving := range []bool{false, true} {
		c, _, _ := fencing(t)
		c.in, c.leaving, c.holds["p"].stage = true, leaving, waits
		c.lease.Ack(1, 10*time.Second)
		c.at(10 * time.Second)
		c.activate()
		if _, owns := c.Owns("p"); owns == leaving {
			t.Errorf("leaving: %v, and owns: %v", leaving, owns)
		}
	}
}

// A loop that found the lease to have ended has dropped everything. So that is over, even if the lease was renewed.
func TestALoopFindsTheLeaseOver(t *testing.T) {
	c, _, _ := fencing(t)
	c.in = true
	c.lease.Ack(1, 10*time.Second)
	now := 10*time.Second + time.Millisecond
	if c.Tick(now); !c.May(now, "p", 3, "other") {
		t.Fatal("it does not decide")
	}
	c.Take()
	c.Lapse(now)
	if c.May(now, "p", 3, "other") || !c.lapsed || c.holds["p"].stage != stopped {
		t.Errorf("it goes on: lapsed %v", c.lapsed)
	}
	c.Lapse(now) // another loop
	if out := c.Take(); len(out.Decisions) != 1 || out.Decisions[0].Act != Drop {
		t.Errorf("%+v, want one Drop", out.Decisions)
	}
}

// A connection that stays listed is given up after a while, unless it turns out to be somebody's: without an
// address that the others know, it would not be fenced when its owner dies.
func TestLivingAddressIsKept(t *testing.T) {
	c, dead, living := fencing(t)
	listed := func(asked time.Duration, addresses ...string) bool {
		c.Listed(asked, asked, "s", true, addresses)
		return !c.Fencing("p", "s")
	}
	c.lease.Ack(1, 10*time.Second)
	if listed(11099*time.Millisecond, "1:1", "1:2") || listed(11100*time.Millisecond, "1:1", "1:2") {
		t.Error("open before the time, or while the view may be out of date")
	}
	c.lease.Ack(1, 10*time.Second+1)
	if !listed(11100*time.Millisecond, "1:1", "1:2") {
		t.Error("not open after the time")
	}
	if _, ok := c.known[dead]; ok {
		t.Error("a connection of a life that is over is remembered")
	}
	if _, ok := c.known[living]; !ok {
		t.Error("a connection that is in use is forgotten")
	}
}

// One that is not listed is not there, whoever had it.
func TestClosedAddresses(t *testing.T) {
	c, _, _ := fencing(t)
	c.Listed(9*time.Second, 9*time.Second, "s", true, nil)
	if !c.Fencing("p", "s") {
		t.Error("open by an answer from before")
	}
	c.Listed(10*time.Second, 10*time.Second, "s", false, nil)
	if !c.Fencing("p", "s") {
		t.Error("open although nobody knows who is connected")
	}
	c.Listed(10*time.Second, 10*time.Second, "s", true, []string{"9:9"})
	if c.Fencing("p", "s") || len(c.known) > 0 {
		t.Errorf("not open, or remembered: %v", c.known)
	}
}
