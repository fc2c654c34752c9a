package gate

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/fleet/core"
)

// newGate returns a gate whose clock shows what the test says.
func newGate() (*Gate, *atomic.Int64) {
	g, now := New(), new(atomic.Int64)
	g.clock = func() time.Duration { return time.Duration(now.Load()) }
	return g, now
}

// take does what the member's goroutine does with records, where the core gives them numbers from seq on.
func take(g *Gate, seq uint64) (records []core.Record, lost bool) {
	records, lost = g.Take(100)
	if len(records) > 0 {
		g.Taken(seq + uint64(len(records)) - 1)
	}
	return records, lost
}

func TestATermEndsForGood(t *testing.T) {
	g, now := newGate()
	now.Store(5)
	term, other := g.Begin("p", 7, Life{"m", 30, 2}), g.Begin("q", 7, Life{"m", 30, 2})
	if g.May() {
		t.Error("there is no lease")
	}
	g.Publish(5, 10)
	now.Store(9)
	if !term.May() || !other.May() || term.Over() {
		t.Error("the lease holds")
	}
	now.Store(10)
	if term.May() || !term.Over() || !other.Over() {
		t.Error("the lease has ended, for all groups")
	}
	g.Publish(10, 20) // it is renewed all the same
	if !g.May() || term.May() || other.May() {
		t.Error("a term goes on that was lost for a moment")
	}
	select {
	case <-g.Asked():
	default:
		t.Error("the member does not hear of it")
	}
	if _, lost := take(g, 1); !lost {
		t.Error("the member is not told that the lease was lost")
	}
	if _, lost := take(g, 1); lost {
		t.Error("the member is told twice")
	}
	if next := g.Begin("p", 8, Life{"m", 30, 2}); !next.May() {
		t.Error("a new term does not begin")
	}
}

func TestATermThatIsOverRecordsNothing(t *testing.T) {
	g, now := newGate()
	g.Publish(0, 10)
	term, other := g.Begin("p", 7, Life{"m", 30, 2}), g.Begin("q", 3, Life{"m", 30, 2})
	if n, ok := term.Record(core.Record{Kind: core.Knowledge, Data: []byte("x")}); n != 1 || !ok {
		t.Error(n, ok)
	}
	if n, ok := term.Record(core.Record{Kind: core.Address, Server: "s", Address: "a"}); n != 2 || !ok {
		t.Error(n, ok)
	}
	g.EndAll()
	if n, ok := term.Record(core.Record{Kind: core.Address, Server: "s", Address: "b"}); n != 3 || ok {
		t.Error(n, ok)
	}
	records, lost := take(g, 40)
	if len(records) != 2 || lost || records[0].Group != "p" || records[0].Epoch != 7 || records[1].Group != "" ||
		records[1].Name != "m" || records[1].Incarnation != 30 || records[1].Life != 2 {
		t.Error(records, lost)
	}
	if !other.Over() || other.May() {
		t.Error("a term is left")
	}
	now.Store(3)
	one, two := g.Begin("p", 8, Life{"m", 30, 2}), g.Begin("q", 8, Life{"m", 30, 2})
	if one.End(); one.May() || !two.May() {
		t.Error("one term ends, and the other does not")
	}
}

func TestKept(t *testing.T) {
	g, _ := newGate()
	woken := 0
	w := g.NewWaiter(func() { woken++ })
	w.Await(0)
	if woken != 0 {
		t.Error("0 is nothing to wait for")
	}
	for range 3 {
		g.Record(core.Record{})
	}
	take(g, 11) // 11, 12, 13
	g.Record(core.Record{})
	take(g, 20)
	w.Await(3)
	w.Await(4)
	for _, s := range []struct {
		seq, kept uint64
		woken     int
	}{{0, 0, 0}, {12, 0, 0}, {13, 3, 1}, {19, 3, 1}, {25, 4, 1}} {
		if g.Keep(s.seq); g.Kept() != s.kept || woken != s.woken {
			t.Errorf("the core has kept %d: %d, woken %d times; want %+v", s.seq, g.Kept(), woken, s)
		}
	}
	if w.Await(4); woken != 2 {
		t.Error("what is kept already is not waited for")
	}
	g.Record(core.Record{})
	take(g, 30)
	g.Record(core.Record{})
	w.Await(5)
	if g.Forget(); g.Kept() != 6 || g.Recorded() != 6 || woken != 3 {
		t.Error("a new life waits for records of the one before", g.Kept(), g.Recorded(), woken)
	}
	if records, _ := take(g, 1); len(records) != 1 {
		t.Error("what was recorded before is not told any more", records)
	}
	g.Record(core.Record{})
	take(g, 2)
	if g.Keep(1); g.Kept() != 6 {
		t.Error(g.Kept())
	}
	if g.Keep(2); g.Kept() != 7 {
		t.Error(g.Kept())
	}
}

// TestTakenInPieces: records are taken in order, however many there are, and each piece is kept by itself. That the
// lease was lost is said behind all of them.
func TestTakenInPieces(t *testing.T) {
	g, _ := newGate()
	term := g.Begin("p", 7, Life{"m", 30, 2})
	g.Publish(0, 10)
	for n := range 5 {
		term.Record(core.Record{Kind: core.Knowledge, Data: []byte{byte(n)}})
	}
	g.lose() // which takes a number
	var got []byte
	for _, want := range []struct {
		lost          bool
		taken, number uint64
	}{{false, 2, 2}, {false, 4, 4}, {true, 5, 6}} {
		select {
		case <-g.Asked():
		default:
			t.Error("the member is not told that there is more")
		}
		records, lost := g.Take(2)
		for _, r := range records {
			got = append(got, r.Data...)
		}
		g.Taken(uint64(len(got)))
		if lost != want.lost || uint64(len(got)) != want.taken || g.TakenTo() != want.number {
			t.Errorf("%v, lost: %v, up to %d, want %+v", got, lost, g.TakenTo(), want)
		}
	}
	if !slices.IsSorted(got) {
		t.Error(got)
	}
	for _, seq := range []uint64{1, 2, 3, 4} {
		if g.Keep(seq); g.Kept() != seq/2*2 {
			t.Errorf("of %d that are kept, it is %d", seq, g.Kept())
		}
	}
}

// TestALossIsOver: when all has been dropped, the loss that was the reason says nothing of the next term.
func TestALossIsOver(t *testing.T) {
	g, _ := newGate()
	term := g.Begin("p", 7, Life{"m", 30, 2})
	for range 5 {
		term.Record(core.Record{})
	}
	term.May() // there is no lease
	g.Take(2)
	g.Taken(2)
	g.EndAll() // the core has found the same, and has all dropped
	g.Forget()
	g.Begin("p", 9, Life{"m", 30, 3})
	for range 3 {
		if _, lost := g.Take(2); lost {
			t.Error("the next term is lost as well")
		}
	}
}

// TestNothingIsKeptOnceTermsAreLost: what loops learn after the loss is recorded nowhere. So nothing that was said
// after it may leave, whatever is kept, until all is dropped.
func TestNothingIsKeptOnceTermsAreLost(t *testing.T) {
	for name, lose := range map[string]func(*Gate, *Term){
		"by a loop":   func(_ *Gate, term *Term) { term.May() },
		"by the core": func(g *Gate, _ *Term) { g.EndAll() },
	} {
		t.Run(name, func(t *testing.T) {
			g, now := newGate()
			g.Publish(0, 10)
			term := g.Begin("p", 7, Life{"m", 30, 2})
			term.Record(core.Record{Kind: core.Knowledge})
			now.Store(10)
			lose(g, term)
			said, _ := term.Record(core.Record{Kind: core.Knowledge})
			g.Record(core.Record{}) // of the process
			take(g, 1)
			g.EndAll()
			if g.Keep(2); g.Kept() != 1 || said <= 1 {
				t.Errorf("%d is kept, and %d was to be waited for", g.Kept(), said)
			}
			if g.Forget(); g.Kept() < said {
				t.Error("all is dropped, and others wait")
			}
			g.Record(core.Record{})
			take(g, 1)
			if g.Keep(1); g.Kept() != g.Recorded() {
				t.Error("what is recorded after that is not kept")
			}
		})
	}
}

// A process that decides for nothing loses nothing.
func TestNothingIsLostWithoutTerms(t *testing.T) {
	g, _ := newGate()
	g.EndAll()
	if g.Recorded() != g.Kept() {
		t.Error("something waits")
	}
}

// TestLoopsAndMember runs loops against a member: no loop waits for ever, and records keep the order of each loop.
func TestLoopsAndMember(t *testing.T) {
	g := New()
	g.Publish(Now(), Now()+time.Hour)
	term := g.Begin("p", 1, Life{"m", 30, 2})
	const loops, each = 4, 500
	var all sync.WaitGroup
	for id := range loops {
		woken := make(chan struct{}, 1)
		w := g.NewWaiter(func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range each {
				n, ok := term.Record(core.Record{Kind: core.Knowledge, Data: []byte{byte(id), byte(i), byte(i >> 8)}})
				if !ok || !term.May() {
					t.Error("the term is over")
				}
				for w.Await(n); g.Kept() < n; w.Await(n) {
					<-woken
				}
			}
		}()
	}
	ended := make(chan struct{})
	go func() {
		all.Wait()
		close(ended)
	}()
	next := make([]int, loops)
	seq := uint64(0)
	for over := false; !over; {
		select {
		case <-ended:
			over = true
		case <-g.Asked():
		}
		records, _ := take(g, seq+1)
		seq += uint64(len(records))
		for _, r := range records {
			if i := int(r.Data[1]) | int(r.Data[2])<<8; i != next[r.Data[0]] {
				t.Fatalf("loop %d: record %d, want %d", r.Data[0], i, next[r.Data[0]])
			}
			next[r.Data[0]]++
		}
		g.Publish(Now(), Now()+time.Hour)
		g.Keep(seq)
	}
	if g.Kept() != loops*each || g.Recorded() != g.Kept() {
		t.Error(g.Kept(), g.Recorded())
	}
}
