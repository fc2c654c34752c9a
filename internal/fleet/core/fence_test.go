package core

import (
	"testing"
	"time"
	"unicode"

	"magent/internal/fleet/durable"
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
	}, durable.State{}, 9*second)
	if err != nil {
		t.Fatal(err)
	}
	c.view = view.View{
		Epoch: 3, Groups: []view.Group{{Name: "p"}},
		Members: []view.Member{{Name: "b", State: view.Alive, Incarnation: 5, Life: 2}},
	}
	dead, living = address{"s", "1:1", "b", 5, 1}, address{"s", "1:2", "b", 5, 2}
	c.known = addresses{dead: 0, living: 0}
	c.holds["p"] = &holding{
		since: 3, stage: decides, opened: 10 * second, ended: 10 * second,
		fenced: map[string][]address{"s": {dead, living}}, answers: map[string]answers{},
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
	for _, asked := range []time.Duration{10000, 10999, 11000, 11099, 11100} {
		if listed(asked*time.Millisecond, "1:1", "1:2") {
			t.Error("open before the time, or while the view may be out of date")
		}
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

// A server that did not answer for a while has not read either. It gets the time for that when it answers again.
func TestStoodStill(t *testing.T) {
	c, dead, _ := fencing(t)
	c.lease.Ack(1, 20*time.Second)
	for i, asked := range []time.Duration{11000, 11099, 12100, 12199, 12200} {
		c.Listed(asked*time.Millisecond, asked*time.Millisecond, "s", true, []string{dead.Address})
		if open := !c.Fencing("p", "s"); open != (i == 4) {
			t.Errorf("asked at %d ms: open %v", asked, open)
		}
	}
}

// A connection that was given up long before the owner ended brings nothing any more. The server has to have had the
// time to read what was in its socket: it may have been stopped all the time.
func TestGivenUpLongAgo(t *testing.T) {
	for _, c := range []struct {
		lost time.Duration // when it was given up, by a clock on which the next owner began at 10 s
		open time.Duration
	}{
		{8 * time.Second, 10100 * time.Millisecond},
		{9500 * time.Millisecond, 10600 * time.Millisecond},
		{11 * time.Second, 11100 * time.Millisecond},
	} {
		core, dead, _ := fencing(t)
		core.known[dead] = 0
		core.known.take(dead.record(Lost), true, c.lost)
		core.known.take(dead.record(Lost), true, 20*time.Second) // it is told again to who joins
		core.holds["p"].fenced["s"] = []address{dead}
		core.lease.Ack(1, 10*time.Second+1)
		for asked := 10 * time.Second; asked < c.open; asked += 10 * time.Millisecond {
			if core.Listed(asked, asked, "s", true, []string{dead.Address}); !core.Fencing("p", "s") {
				t.Fatalf("given up at %v, and open at %v, want %v", c.lost, asked, c.open)
			}
		}
		if core.Listed(c.open, c.open, "s", true, []string{dead.Address}); core.Fencing("p", "s") {
			t.Errorf("given up at %v, and not open at %v", c.lost, c.open)
		}
	}
}

// When a connection was given up counts if its own process says so, after whatever else it has said of the address.
func TestAddressOfOneGivenUp(t *testing.T) {
	one := address{Server: "s", Address: "1:1", Name: "b"}
	for _, c := range []struct {
		said string // by its process: Announced, Lost, Gone; in small letters by others. Times are 1, 2, ...
		want time.Duration
	}{
		{"A", 0},
		{"AL", 2},
		{"ALL", 2},
		{"ALA", inUse},
		{"ALAL", 4},
		{"L", 1},
		{"l", inUse},
		{"la", inUse},
		{"lL", 2},
		{"a", 0},
		{"al", inUse},
		{"aL", 2},
		{"La", inUse}, // what others say may be of before, or of after
		{"Ll", 1},
		{"Al", inUse}, // they have heard of it before it was announced again
		{"AGA", 0},
		{"lGA", 0},
	} {
		known := addresses{}
		for i, k := range c.said {
			kind := map[rune]RecordKind{'a': Address, 'l': Lost, 'g': Gone}[unicode.ToLower(k)]
			known.take(one.record(kind), unicode.IsUpper(k), time.Duration(i+1))
		}
		if got, ok := known[one]; !ok || got != c.want {
			t.Errorf("%s: %v, %v, want %v", c.said, got, ok, c.want)
		}
		told := addresses{}
		for _, r := range known.all() {
			told.take(r, true, 9)
		}
		want := c.want
		if want > 0 && want < inUse {
			want = 9
		}
		if len(told) != 1 || told[one] != want {
			t.Errorf("%s, and told: %v, want %v", c.said, told, want)
		}
	}
}

// tenth is a tenth of TCP_USER_TIMEOUT: what the search below counts in.
const tenth = 100 * time.Millisecond

// course is when things happen to a connection that was given up at 0, and to its server. Times are tenths.
type course struct {
	told   int  // the next owner knows that it was given up
	came   int  // the kernel has sent on, and the last byte arrives
	stops  int  // the server stands still from then on,
	goesOn int  // until then
	began  int  // the next owner begins
	stays  bool // the server does not get to know that the connection has ended
}

// runs tells whether the server does something at a time.
func (c *course) runs(at int) bool { return at < c.stops || at >= c.goesOn }

// read is the time in which the server carries out what has come last.
func (c *course) read() (at int) {
	for at = c.came; !c.runs(at); at++ {
	}
	return at
}

// opened is when the next owner uses the server.
func (c *course) opened(t *testing.T) int {
	core, dead, _ := fencing(t)
	core.known[dead] = 0
	core.known.take(dead.record(Lost), true, max(1, time.Duration(c.told)*tenth))
	h := core.holds["p"]
	h.opened, h.ended = time.Duration(c.began)*tenth, time.Duration(c.began)*tenth
	h.fenced["s"] = []address{dead}
	core.lease.Ack(1, time.Hour)
	for at := c.began; ; at++ {
		if !c.runs(at) {
			continue
		}
		var listed []string
		if c.stays || at <= c.read() {
			listed = []string{dead.Address}
		}
		asked := time.Duration(at) * tenth
		if core.Listed(asked, asked, "s", true, listed); !core.Fencing("p", "s") {
			return at
		}
	}
}

// TestFenceSearch goes through all orders of what may happen: whatever a server still carries out of a connection that
// was given up, it carries out before the next owner uses it. And that does not wait for longer than it has to.
func TestFenceSearch(t *testing.T) {
	courses := 0
	for told := range 4 {
		for came := range 11 {
			for stops := 0; stops < 24; stops += 2 {
				for goesOn := stops; goesOn < 30; goesOn += 2 {
					for began := told; began < 30; began += 3 {
						for _, stays := range []bool{false, true} {
							c := course{told, came, stops, goesOn, began, stays}
							opened := c.opened(t)
							if opened <= c.read() {
								t.Fatalf("%+v: open at %d, read at %d", c, opened, c.read())
							}
							if soon := max(told+12, began+1, c.read()+1, goesOn+1); opened > soon {
								t.Fatalf("%+v: open at %d, want at %d at the latest", c, opened, soon)
							}
							courses++
						}
					}
				}
			}
		}
	}
	t.Logf("%d courses of events", courses)
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
