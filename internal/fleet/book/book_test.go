package book

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"magent/internal/journal"
)

func TestEntries(t *testing.T) {
	s := journal.Server{Pool: "main", Role: "primary", Address: "10.0.0.1:11211"}
	for _, e := range []Entry{
		{Kind: Dirty, Server: s, Loop: 3, Key: []byte("\xff\x00 key")},
		{Kind: All, Server: s, Loop: Inherited},
		{Kind: All, Server: s, Spared: true},
		{Kind: Incomplete, Server: s},
		{Kind: Identity, Server: s, Identity: "5@7"},
		{Kind: Clean, Server: s, Loop: 1},
		{Kind: Repaired, Server: s, Loop: 1, Key: []byte("k")},
		{Kind: Void},
		{Kind: Void, Due: 1_800_000_000},
	} {
		got, err := Parse(e.Encode())
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%+v, %v, want %+v", got, err, e)
		}
	}
	for _, text := range []string{"", "{}", `{"kind":"other"}`, "x"} {
		if e, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q is %+v", text, e)
		}
	}
}

// all is what is told, in pieces that end somewhere.
func all(t *Telling) (entries []Entry) {
	for {
		piece := t.Next(2)
		if entries = append(entries, piece...); len(piece) == 0 {
			return entries
		}
	}
}

// missedBy is what a server has missed, with its keys in order.
func missedBy(b *Book, s journal.Server) *journal.Missed {
	m := b.Missed(s)
	slices.Sort(m.Keys)
	return m
}

// A book that was told what another one has knows the same.
func TestBook(t *testing.T) {
	p := journal.Server{Pool: "main", Role: "primary", Address: "p"}
	b := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	other := journal.Server{Pool: "other", Role: "backup", Address: "b"}
	dirty := func(s journal.Server, loop int, key string) Entry {
		return Entry{Kind: Dirty, Server: s, Loop: loop, Key: []byte(key)}
	}
	missed := func(keys ...string) *journal.Missed { return &journal.Missed{Keys: keys} }
	var book Book
	check := func(s journal.Server, want *journal.Missed) {
		t.Helper()
		got := missedBy(&book, s)
		if len(got.Keys) != len(want.Keys) || len(want.Keys) > 0 && !reflect.DeepEqual(got, want) ||
			got.All != want.All || got.Incomplete != want.Incomplete || got.Identity != want.Identity {
			t.Errorf("%+v: %+v, want %+v", s, got, want)
		}
	}
	first, second := Source{Incarnation: 7, Epoch: 3}, Source{Incarnation: 9, Epoch: 4}
	check(p, missed())
	book.Note(first, dirty(p, 0, "x"))
	book.Note(first, dirty(p, 1, "y"))
	book.Note(second, dirty(p, 0, "x"))
	book.Note(first, dirty(other, 0, "z"))
	check(p, missed("x", "y"))
	book.Note(first, Entry{Kind: Clean, Server: p, Loop: 1})
	check(p, missed("x"))
	book.Note(first, Entry{Kind: Clean, Server: p, Loop: 0}) // the second one has recorded the same
	check(p, missed("x"))
	book.Note(first, Entry{Kind: All, Server: b})
	book.Note(second, Entry{Kind: Incomplete, Server: b, Loop: 1})
	book.Note(second, Entry{Kind: Identity, Server: b, Identity: "5@7"})
	check(b, &journal.Missed{All: true, Incomplete: true, Identity: "5@7"})

	var copied Book
	for _, e := range all(book.Entries("main")) {
		copied.Note(Source{Incarnation: 11, Epoch: 5}, e)
	}
	for _, s := range []journal.Server{p, b} {
		if !reflect.DeepEqual(missedBy(&copied, s), missedBy(&book, s)) {
			t.Errorf("%+v: %+v, want %+v", s, missedBy(&copied, s), missedBy(&book, s))
		}
	}
	if n := len(all(copied.Entries("other"))); n > 0 {
		t.Errorf("%d entries of another pool", n)
	}

	book.Void("main", 4, 0)
	check(b, &journal.Missed{Incomplete: true, Identity: "5@7"})
	check(p, missed("x"))
	check(other, missed("z"))
	book.Void("main", 5, 0)
	check(p, missed())
}

// TestRecordedAgain: what another member has recorded of a group, because it has emptied a backup for its own, is
// recorded again by the group's owner. It counts until the owner clears that, and not until the next owner.
func TestRecordedAgain(t *testing.T) {
	b := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	other, owner := Source{Incarnation: 9}, Source{Incarnation: 7, Epoch: 3}
	for _, e := range []Entry{
		{Kind: Incomplete, Server: b}, {Kind: All, Server: b}, {Kind: Dirty, Server: b, Key: []byte("k")},
	} {
		var book Book
		counts := func() bool {
			m := book.Missed(b)
			return m.Incomplete || m.All || len(m.Keys) > 0
		}
		book.Note(other, e)
		book.Note(owner, Entry{Kind: Clean, Server: b})
		if !counts() {
			t.Errorf("%s: it is forgotten before the owner has heard of it", e.Kind)
		}
		of := e
		of.Loop = 1
		book.Note(owner, of)
		book.Note(owner, Entry{Kind: Clean, Server: b, Loop: 1})
		if !counts() {
			t.Errorf("%s: it is forgotten because another loop has had the same", e.Kind)
		}
		book.Note(owner, e)
		if !counts() {
			t.Errorf("%s: it is forgotten when the owner has recorded it", e.Kind)
		}
		if book.Note(owner, Entry{Kind: Clean, Server: b}); counts() {
			t.Errorf("%s: the owner has cleared it, and the next one begins with it", e.Kind)
		}
	}
}

// TestLoopsClear: who was told again what an owner has recorded hears from each of the owner's loops when its part
// counts no more, as the others do.
func TestLoopsClear(t *testing.T) {
	p := journal.Server{Pool: "main", Role: "primary", Address: "p"}
	b := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	owner := Source{Incarnation: 7, Epoch: 3}
	var book, joined Book
	for l := range 2 {
		book.Note(owner, Entry{Kind: All, Server: b, Loop: l})
		book.Note(owner, Entry{Kind: Dirty, Server: p, Loop: l, Key: []byte("k")})
	}
	clear := func(server journal.Server, loop int) {
		e := Entry{Kind: Clean, Server: server, Loop: loop}
		book.Note(owner, e)
		joined.Note(owner, e)
	}
	check := func(when string, server journal.Server) {
		t.Helper()
		if got, want := missedBy(&joined, server), missedBy(&book, server); !reflect.DeepEqual(got, want) {
			t.Errorf("%s, who has joined knows %+v of %s, the owner %+v", when, got, server.Address, want)
		}
	}
	for _, e := range all(book.Present("main", 7, 3)) {
		joined.Note(owner, e)
		book.Note(owner, e) // as the owner enters what it records
	}
	check("at first", p)
	check("at first", b)
	for _, server := range []journal.Server{p, b} {
		clear(server, Inherited)
		clear(server, 0)
		if m := missedBy(&joined, server); !m.All && len(m.Keys) == 0 {
			t.Errorf("loop 1 has not repaired %s yet, but that is forgotten", server.Address)
		}
		clear(server, 1)
		if m := missedBy(&joined, server); m.All || m.Incomplete || len(m.Keys) > 0 {
			t.Errorf("all is repaired on %s, and who has joined knows %+v", server.Address, m)
		}
	}
}

func TestRename(t *testing.T) {
	var book Book
	s := func(role, address string) journal.Server {
		return journal.Server{Pool: "main", Role: role, Address: address}
	}
	other := journal.Server{Pool: "other", Role: "primary", Address: "a"}
	for i, server := range []journal.Server{s("primary", "a"), s("backup", "b"), s("primary", "b"), other} {
		book.Note(Source{Incarnation: uint64(i)}, Entry{Kind: Dirty, Server: server, Key: []byte{byte('0' + i)}})
	}
	book.Note(Source{}, Entry{Kind: Identity, Server: s("primary", "a"), Identity: "5@7"})
	book.Rename("main", map[string]string{"a": "backup", "b": "primary"})
	for server, want := range map[journal.Server]string{
		s("backup", "a"): "[0] 5@7", s("primary", "b"): "[1 2] ", other: "[3] ",
		s("primary", "a"): "[] ", s("backup", "b"): "[] ",
	} {
		if m := missedBy(&book, server); fmt.Sprint(m.Keys, " ", m.Identity) != want {
			t.Errorf("%+v: %v %s, want %s", server, m.Keys, m.Identity, want)
		}
	}
}

// TestReborn: what is repaired while a member is out of the view counts no more when it is back, although the owner is
// the same.
func TestReborn(t *testing.T) {
	var book Book
	s := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	owner := Source{Incarnation: 7, Epoch: 3}
	dirty := func(key string) Entry { return Entry{Kind: Dirty, Server: s, Key: []byte(key)} }
	book.Note(owner, dirty("repaired"))
	book.Void("main", 3, 0)
	if m := missedBy(&book, s); len(m.Keys) != 1 {
		t.Fatalf("%+v", m)
	}
	book.Reborn()
	if m := missedBy(&book, s); len(m.Keys) != 1 {
		t.Errorf("it is forgotten before somebody has said what counts: %+v", m)
	}
	book.Note(owner, dirty("new"))
	if book.Void("main", 0, 0); len(missedBy(&book, s).Keys) != 2 {
		t.Error("it is forgotten before somebody decides")
	}
	book.Void("main", 3, 0)
	if m := missedBy(&book, s); !reflect.DeepEqual(m.Keys, []string{"new"}) {
		t.Errorf("%+v", m)
	}
}

// Each Void says anew when the last flush_all takes effect, for its pool.
func TestDue(t *testing.T) {
	var b Book
	b.Void("main", 3, 50)
	b.Void("other", 3, 0)
	if b.Due("main") != 50 || b.Due("other") != 0 || b.Due("none") != 0 {
		t.Errorf("%d, %d, %d", b.Due("main"), b.Due("other"), b.Due("none"))
	}
	b.Void("main", 3, 0)
	if b.Due("main") != 0 {
		t.Errorf("%d, after another flush_all", b.Due("main"))
	}
}

// A flush_all with a delay is said by a record that a program which does not know of it understands: it says nothing
// else than what the owner has said when it began.
func TestDueForOthers(t *testing.T) {
	text := string((&Entry{Kind: Void, Due: 50}).Encode())
	if text != `{"kind":"void","server":{"Pool":"","Role":"","Address":""},"loop":0,"due":50}` {
		t.Error(text)
	}
	server := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	var before Book
	now := Source{Incarnation: 7, Epoch: 3}
	before.Note(now, Entry{Kind: Dirty, Server: server, Key: []byte("k")})
	before.Void("main", now.Epoch, 0)
	if m := missedBy(&before, server); len(m.Keys) != 1 {
		t.Errorf("%+v", m)
	}
}

// TestRepaired: a key that is repaired counts no more, while others do. It may become dirty again.
func TestRepaired(t *testing.T) {
	s := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	owner := Source{Incarnation: 7, Epoch: 3}
	var b Book
	b.Note(owner, Entry{Kind: Repaired, Server: s, Key: []byte("unknown")})
	for _, c := range []struct {
		from Source
		kind Kind
		key  string
		want []string
	}{
		{owner, Dirty, "x", []string{"x"}},
		{owner, Dirty, "y", []string{"x", "y"}},
		{owner, Repaired, "x", []string{"y"}},
		{Source{Incarnation: 9, Epoch: 3}, Repaired, "y", []string{"y"}},
		{owner, Dirty, "x", []string{"x", "y"}},
		{owner, Repaired, "y", []string{"x"}},
	} {
		b.Note(c.from, Entry{Kind: c.kind, Server: s, Key: []byte(c.key)})
		if m := missedBy(&b, s); !slices.Equal(m.Keys, c.want) {
			t.Errorf("%s of %s by %+v: %v, want %v", c.kind, c.key, c.from, m.Keys, c.want)
		}
	}
	other := Entry{Kind: Repaired, Server: s, Loop: 1, Key: []byte("x")}
	if b.Note(owner, other); len(missedBy(&b, s).Keys) != 1 {
		t.Error("what another loop has recorded is forgotten")
	}
}

// A program that does not know of Repaired takes it for Dirty: the key stays dirty there, as it was, until Clean.
func TestRepairedForOthers(t *testing.T) {
	e := Entry{Kind: Repaired, Key: []byte("k")}
	text := string(e.Encode())
	if text != `{"kind":"dirty","server":{"Pool":"","Role":"","Address":""},"loop":0,"key":"aw==","repaired":true}` {
		t.Error(text)
	}
	if !e.Clears() {
		t.Error("it counts although something is known from a later epoch")
	}
}

// TestSpared: the next owner knows whether a flush_all may have been sent to a server on which all keys may be wrong.
// What each loop has said last counts, and the worst of them all. It does not know if an older version has said it.
func TestSpared(t *testing.T) {
	s := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	flush, spare := Entry{Kind: All, Server: s}, Entry{Kind: All, Server: s, Spared: true}
	on := func(e Entry) Entry { e.Loop = 1; return e }
	for _, c := range []struct {
		said []Entry
		want bool
	}{
		{[]Entry{spare}, false},
		{[]Entry{flush}, true},
		{[]Entry{spare, flush}, true},
		{[]Entry{flush, spare}, false},
		{[]Entry{flush, on(spare)}, true},
		{[]Entry{spare, on(flush)}, true},
		{[]Entry{flush, on(spare), {Kind: Clean, Server: s}}, false},
	} {
		for range 20 { // in whatever order a map is read
			var b, next Book
			for _, e := range c.said {
				b.Note(Source{Incarnation: 7, Epoch: 3}, e)
			}
			for _, e := range all(b.Entries("main")) {
				next.Note(Source{Incarnation: 9, Epoch: 4}, e)
			}
			for who, b := range map[string]Book{"this one": b, "the next one": next} {
				if m := missedBy(&b, s); !m.All || m.Flushed != c.want {
					t.Fatalf("%+v: %s knows %+v", c.said, who, m)
				}
			}
		}
	}
	if text := string(spare.Encode()); !strings.Contains(text, `{"kind":"all",`) {
		t.Error(text) // which others understand as well
	}
}

// TestTelling: what counts no more when its turn comes is left out. What is new meanwhile does not come: whoever
// records it tells all.
func TestTelling(t *testing.T) {
	s := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	other := journal.Server{Pool: "main", Role: "primary", Address: "p"}
	owner := Source{Incarnation: 7, Epoch: 3}
	var b Book
	for n := range 10 {
		b.Note(owner, Entry{Kind: Dirty, Server: s, Key: []byte{byte(n)}})
		b.Note(owner, Entry{Kind: Dirty, Server: other, Key: []byte{byte(n)}})
	}
	telling := b.Present("main", 7, 3)
	told := telling.Next(4)
	if len(told) != 4 {
		t.Fatalf("%d entries", len(told))
	}
	had := map[byte]bool{}
	for _, e := range told {
		had[e.Key[0]] = true
	}
	gone := 0
	for n := range byte(10) {
		if !had[n] && gone < 5 {
			gone++
			b.Note(owner, Entry{Kind: Repaired, Server: s, Key: []byte{n}})
		}
	}
	b.Note(owner, Entry{Kind: Dirty, Server: s, Key: []byte("new")})
	b.Note(owner, Entry{Kind: Clean, Server: other})
	if rest := all(telling); len(rest) != 1 || had[rest[0].Key[0]] || rest[0].Server != s {
		t.Errorf("%+v", rest)
	}
}

// What a loop has repaired altogether before its turn comes is not told: nothing would clean it any more.
func TestTellingOfLoops(t *testing.T) {
	s := journal.Server{Pool: "main", Role: "backup", Address: "b"}
	owner := Source{Incarnation: 7, Epoch: 3}
	var b Book
	for n := range 10 {
		b.Note(owner, Entry{Kind: Dirty, Server: s, Key: []byte{byte(n)}})
	}
	b.Note(owner, Entry{Kind: All, Server: s, Loop: 1})
	b.Note(owner, Entry{Kind: Incomplete, Server: s, Loop: 1})
	telling := b.Present("main", 7, 3)
	telling.Next(4)
	b.Note(owner, Entry{Kind: Clean, Server: s, Loop: 1}) // it has filled the server
	for _, e := range all(telling) {
		b.Note(owner, e)
	}
	b.Note(owner, Entry{Kind: Clean, Server: s})
	if b.Misses(s) {
		t.Errorf("%+v", b.Missed(s))
	}
}
