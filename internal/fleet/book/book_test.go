package book

import (
	"reflect"
	"testing"

	"magent/internal/journal"
)

func TestEntries(t *testing.T) {
	s := journal.Server{Pool: "main", Role: "primary", Address: "10.0.0.1:11211"}
	for _, e := range []Entry{
		{Kind: Dirty, Server: s, Loop: 3, Key: []byte("\xff\x00 key")},
		{Kind: All, Server: s, Loop: Inherited},
		{Kind: Incomplete, Server: s},
		{Kind: Identity, Server: s, Identity: "5@7"},
		{Kind: Clean, Server: s, Loop: 1},
		{Kind: Void},
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
		got := book.Missed(s)
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
	for _, e := range book.Entries("main") {
		copied.Note(Source{Incarnation: 11, Epoch: 5}, e)
	}
	for _, s := range []journal.Server{p, b} {
		if !reflect.DeepEqual(copied.Missed(s), book.Missed(s)) {
			t.Errorf("%+v: %+v, want %+v", s, copied.Missed(s), book.Missed(s))
		}
	}
	if n := len(copied.Entries("other")); n > 0 {
		t.Errorf("%d entries of another pool", n)
	}

	book.Void("main", 4)
	check(b, &journal.Missed{Incomplete: true, Identity: "5@7"})
	check(p, missed("x"))
	check(other, missed("z"))
	book.Void("main", 5)
	check(p, missed())
}
