package core

import (
	"testing"
	"time"

	"magent/internal/fleet/durable"
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

// TestWindow: a member is sent records as fast as it keeps them, and no more than a window of them again when it does
// not. They come in order, and each once if none is lost.
func TestWindow(t *testing.T) {
	c, _, _ := fencing(t)
	c.in = true
	c.peers()
	const all = 10*window + 7
	for n := range all {
		c.Record(Record{Kind: Knowledge, Group: "p", Epoch: 3, Data: []byte{byte(n)}})
	}
	next, kept, most := uint64(1), uint64(0), 0
	sent := func() (records int) {
		for _, e := range c.Take().Messages {
			r := e.Message.Records
			if r == nil || e.To != "b" {
				continue
			}
			records += len(r.Records)
			for i := range r.Records {
				if r.First+uint64(i) == next {
					next++
				}
			}
		}
		return records
	}
	keep := func() {
		kept = next - 1
		c.kept("b", Message{Incarnation: 5, Kept: &Kept{Incarnation: c.Incarnation(), Seq: kept}})
	}
	for kept < all {
		n := sent()
		if most = max(most, n); n == 0 {
			t.Fatalf("nothing more comes after %d", kept)
		}
		keep()
	}
	if most != window || len(c.stream.log) != 0 || c.stream.first != all+1 {
		t.Errorf("%d at once, %d are left, the first would be %d", most, len(c.stream.log), c.stream.first)
	}
	for n := range 2 * window {
		c.Record(Record{Kind: Knowledge, Group: "p", Epoch: 3, Data: []byte{byte(n)}})
	}
	c.Take() // which is lost
	again, ticks := 0, 0
	for ; kept < all+2*window; ticks++ {
		if ticks > 3*againTicks {
			t.Fatal("what was lost is not sent again")
		}
		c.tick++
		c.resend()
		again += sent()
		keep()
	}
	if again > 4*window {
		t.Errorf("%d are sent, of %d that are lost or wait, in %d ticks", again, 2*window, ticks)
	}
}

// A process that hears of a fleet, and is not taken in, becomes another one: the fleet may have it for dead.
func TestNobodyTakesIn(t *testing.T) {
	for _, g := range []view.Generation{{}, {Number: 1, ID: 5}} {
		now, id := time.Second, uint64(7)
		c, err := New(Config{
			Name: "b", List: []Peer{{Name: "a"}, {Name: "b"}}, Lease: time.Second,
			NewID: func() uint64 { id += 1 << 25; return id },
		}, durable.State{}, now)
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
