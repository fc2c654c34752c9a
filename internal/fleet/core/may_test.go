package core

import (
	"testing"
	"time"

	"magent/internal/testkit"
)

// TestMayByTheClock: the right to decide ends when the clock says so, also if the core was not called meanwhile, as in
// a process that was stopped.
func TestMayByTheClock(t *testing.T) {
	c, _, _ := fencing(t)
	c.in = true
	c.lease.Ack(1, 10*time.Second)
	c.Tick(10 * time.Second)
	for _, at := range []time.Duration{10 * time.Second, 11799 * time.Millisecond} {
		if !c.May(at, "p", 3, "other") {
			t.Errorf("it may not decide at %v", at)
		}
	}
	if c.May(11800*time.Millisecond, "p", 3, "other") {
		t.Error("it may decide after the lease has ended")
	}
}

// TestKeptByAll: a record is kept when each member of the view has said so.
func TestKeptByAll(t *testing.T) {
	c, _, _ := fencing(t)
	c.stream.peers["b"] = &peer{incarnation: 5}
	c.stream.peers["d"] = &peer{incarnation: 6}
	seq := c.Record(Record{Kind: Knowledge, Group: "p", Epoch: 3, Data: []byte("x")})
	for name, incarnation := range map[string]uint64{"b": 5, "d": 6} {
		if c.Kept(seq) {
			t.Error("it is kept before", name, "has it")
		}
		c.kept(name, Message{Incarnation: incarnation, Kept: &Kept{Incarnation: c.Incarnation(), Seq: seq}})
	}
	if !c.Kept(seq) {
		t.Error("it is not kept")
	}
}

// TestTeeth: without the guards the tests above fail.
func TestTeeth(t *testing.T) {
	testkit.WantFailures(t, "faults", map[string]string{
		"MAGENT_FAULT=boottime": "TestMayByTheClock",
		"MAGENT_FAULT=records":  "TestKeptByAll",
	})
}
