package core

import (
	"testing"
	"time"

	"magent/internal/fleet/view"
)

// What comes late from an earlier epoch is recorded again by the owner: it has told the others to forget what was
// known then, and they may have done so.
func TestLateKnowledge(t *testing.T) {
	c, _, _ := fencing(t)
	c.stream.peers["b"] = &peer{incarnation: 5}
	late := Record{Kind: Knowledge, Group: "p", Epoch: 2, Data: []byte("x")}
	c.keep("b", 5, late)
	if n := len(c.stream.log); n != 1 || c.stream.log[0].Epoch != 3 || string(c.stream.log[0].Data) != "x" {
		t.Errorf("recorded: %+v", c.stream.log)
	}
	late.Clears = true
	c.keep("b", 5, late)
	c.keep("b", 5, Record{Kind: Knowledge, Group: "q", Epoch: 2})
	c.holds["p"].stage = waits // Own will have it recorded
	late.Clears = false
	c.keep("b", 5, late)
	if n := len(c.stream.log); n != 1 {
		t.Errorf("recorded, too: %+v", c.stream.log[1:])
	}
}

// A process that hears of a fleet, and is not taken in, becomes another one: the fleet may have it for dead.
func TestNobodyTakesIn(t *testing.T) {
	for _, g := range []view.Generation{{}, {Number: 1, ID: 5}} {
		now, id := time.Second, uint64(7)
		c, err := New(Config{
			Name: "b", List: []Peer{{Name: "a"}, {Name: "b"}}, Lease: time.Second,
			NewID: func() uint64 { id += 1 << 25; return id },
		}, Saved{}, now)
		if err != nil {
			t.Fatal(err)
		}
		first := c.Incarnation()
		for serial := range uint64(3 * hopelessTicks) {
			now += 100 * time.Millisecond
			c.Tick(now)
			c.Receive(now, "a", Message{Generation: g, Incarnation: 9, Hello: &Hello{Serial: 1 + serial, Voter: 3}})
			for out := c.Take(); len(out.Writes) > 0; out = c.Take() {
				c.Persisted(now, out.Writes[len(out.Writes)-1].Seq)
			}
		}
		if another := c.Incarnation() != first; another != (g.Number > 0) {
			t.Errorf("generation %d: another process: %v", g.Number, another)
		}
	}
}
