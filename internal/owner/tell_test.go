package owner

import (
	"fmt"
	"testing"
	"time"

	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/fleet/durable"
	"magent/internal/fleet/view"
	"magent/internal/pool"
	"magent/internal/session"
)

// manyKeys is an Owner of a pool whose backup has missed more keys than are recorded at once, with a core.
func manyKeys(t *testing.T, keys int) (*Owner, *core.Core) {
	t.Helper()
	cfg := poolOf(t, "a", "b")
	f := ownerOf(t, cfg)
	f.o.Group = session.NewGroup(session.Options{}) // without a loop
	for n := range keys {
		f.book.Note(book.Source{Incarnation: 3, Epoch: 1}, book.Entry{
			Kind: book.Dirty, Server: pool.ServerOf(cfg, 1), Key: fmt.Append(nil, n),
		})
	}
	c, err := core.New(core.Config{
		Name: "a", List: []core.Peer{{Name: "a"}, {Name: "b"}}, NewID: func() uint64 { return 1 << 40 },
		Groups: []view.Group{{Name: "main"}}, Lease: time.Second, Tick: time.Second / 10,
	}, durable.State{}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return f, c
}

// TestTermBeginsInPieces: what is known of a group is recorded piece by piece, and what the core wants of the term
// waits until all of it is. What another member records meanwhile is not forgotten.
func TestTermBeginsInPieces(t *testing.T) {
	const keys = 3*maxPiece + 7
	f, c := manyKeys(t, keys)
	f.decided(c, core.Decision{Act: core.Own, Group: "main", Epoch: 2})
	if n := c.Recorded(); n != maxPiece || f.terms["main"] != nil {
		t.Fatalf("%d of %d are recorded at once, a term has begun: %v", n, keys, f.terms["main"] != nil)
	}
	f.decided(c, core.Decision{Act: core.HandOver, Group: "main", Epoch: 2})
	late := book.Entry{Kind: book.Incomplete, Server: pool.ServerOf(f.pool(0), 1), Loop: 1}
	f.decided(c, core.Decision{
		Act: core.Store, Name: "b", Incarnation: 9,
		Record: core.Record{Kind: core.Knowledge, Group: "main", Epoch: 1, Data: late.Encode()},
	})
	for range 3 {
		f.backlog.Next(c)
	}
	if n := c.Recorded(); n != keys+1 || f.terms["main"] == nil { // and that all before is void
		t.Fatalf("%d of %d are recorded, a term has begun: %v", n, keys+1, f.terms["main"] != nil)
	}
	if m := f.book.Missed(late.Server); len(m.Keys) != keys || !m.Incomplete {
		t.Errorf("%d keys are known, not %d, and what came late: %v", len(m.Keys), keys, m.Incomplete)
	}
	if w := f.wants[0]; w.kind != cedes || w.term != f.terms["main"].Term {
		t.Errorf("%+v is wished, not that the group is handed over", w)
	}
	if len(f.beginnings) > 0 {
		t.Error("it is about to begin still")
	}
}

// TestTermDoesNotBegin: the right to decide was lost before all was recorded.
func TestTermDoesNotBegin(t *testing.T) {
	for _, again := range []bool{false, true} {
		f, c := manyKeys(t, 3*maxPiece)
		f.o.OnAll = func(func(*session.Shard)) {}
		f.decided(c, core.Decision{Act: core.Own, Group: "main", Epoch: 2})
		f.decided(c, core.Decision{Act: core.Drop})
		if again {
			f.decided(c, core.Decision{Act: core.Own, Group: "main", Epoch: 4})
		}
		for range 9 {
			f.backlog.Next(c)
		}
		if epoch, decides := f.decides("main"); decides != again || again && epoch != 4 {
			t.Errorf("it decides: %v, in epoch %d; it was told once more: %v", decides, epoch, again)
		}
	}
}

// TestTermWaitsForRecords: what the loops have recorded in a term before belongs to what is recorded again.
func TestTermWaitsForRecords(t *testing.T) {
	f, c := manyKeys(t, 1)
	f.gate.Record(core.Record{Kind: core.Knowledge, Group: "main", Epoch: 1})
	f.decided(c, core.Decision{Act: core.Own, Group: "main", Epoch: 2})
	if f.backlog.Next(c); f.terms["main"] != nil {
		t.Error("a term has begun before that was taken")
	}
	f.gate.Take(1)
	if f.backlog.Next(c); f.terms["main"] == nil {
		t.Error("no term has begun")
	}
}

// TestTermBeginsAfterADrop: no loop has noticed that the right to decide was lost, and none records anything.
func TestTermBeginsAfterADrop(t *testing.T) {
	f, c := manyKeys(t, 1)
	f.o.OnAll = func(func(*session.Shard)) {}
	f.decided(c, core.Decision{Act: core.Own, Group: "main", Epoch: 2})
	f.gate.EndAll()
	f.decided(c, core.Decision{Act: core.Drop})
	f.gate.Forget()
	f.decided(c, core.Decision{Act: core.Own, Group: "main", Epoch: 4})
	select {
	case <-f.gate.Asked():
		f.gate.Take(1)
	default:
	}
	if f.backlog.Next(c); f.terms["main"] == nil {
		t.Error("no term has begun")
	}
}

// TestJoinerIsToldInPieces: who joins is told all, also of a group whose term has ended meanwhile. One that is gone is
// told no more.
func TestJoinerIsToldInPieces(t *testing.T) {
	const keys = 3*maxPiece + 7
	for name, q := range map[string]struct {
		ends, gone bool
		want       uint64
	}{
		"it joins":       {want: keys + 1}, // and when the last flush_all takes effect
		"the term ends":  {ends: true, want: keys + 1},
		"it is gone now": {gone: true, want: maxPiece},
	} {
		f, c := manyKeys(t, keys)
		gone := false
		f.tellGroup(c, "main", func(*core.Core) bool { return gone })
		if n := c.Recorded(); n != maxPiece {
			t.Errorf("%s: %d of %d are recorded at once", name, n, keys)
		}
		if gone = q.gone; q.ends {
			f.terms["main"] = &tenancy{}
		}
		for range 9 {
			f.backlog.Next(c)
		}
		if n := c.Recorded(); n != q.want {
			t.Errorf("%s: %d are recorded, not %d", name, n, q.want)
		}
	}
}

// TestJoinerForgetsAFlush: who joins may know of a flush_all with a delay that was carried out, or replaced, while it
// was away. It is told that none is due, also by an owner whose term has not begun. What it knows of servers stays.
func TestJoinerForgetsAFlush(t *testing.T) {
	f, c := manyKeys(t, 0)
	f.tellGroup(c, "main", func(*core.Core) bool { return false })
	if n := c.Recorded(); n != 1 {
		t.Fatalf("%d are recorded", n)
	}
	joins, c := manyKeys(t, 3)
	joins.book.Void("main", 0, 50)
	void := book.Entry{Kind: book.Void}
	joins.decided(c, core.Decision{
		Act: core.Store, Name: "b", Incarnation: 9,
		Record: core.Record{Kind: core.Knowledge, Group: "main", Clears: true, Data: void.Encode()},
	})
	if due := joins.book.Due("main"); due != 0 {
		t.Errorf("it flushes the pool at %d", due)
	}
	if m := joins.book.Missed(pool.ServerOf(joins.pool(0), 1)); len(m.Keys) != 3 {
		t.Errorf("it knows %d keys of 3", len(m.Keys))
	}
}
