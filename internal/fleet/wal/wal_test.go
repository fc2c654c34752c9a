package wal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/raft/v3/raftpb"

	"magent/internal/fleet/durable"
	"magent/internal/fleet/view"
	"magent/internal/journal"
)

func meta(incarnation uint64) *durable.Meta {
	g := view.Generation{Number: 3, ID: 4}
	return &durable.Meta{Voter: 1<<63 - 1, Incarnation: incarnation, Generation: g, Known: true}
}

func entry(index, term uint64, data string) *raftpb.Entry {
	return &raftpb.Entry{Index: new(index), Term: new(term), Data: []byte(data)}
}

func hard(term, vote, commit uint64) *raftpb.HardState {
	return &raftpb.HardState{Term: new(term), Vote: new(vote), Commit: new(commit)}
}

func snapshot(index uint64, data string) *raftpb.Snapshot {
	return &raftpb.Snapshot{Data: []byte(data), Metadata: &raftpb.SnapshotMetadata{
		Index: new(index), Term: new(uint64(1)), ConfState: &raftpb.ConfState{Voters: []uint64{7, 9}},
	}}
}

// describe is what a member knows, for comparison.
func describe(s durable.State) string {
	text := fmt.Sprintf("%+v hard %d.%d.%d snapshot %d %q %v",
		s.Meta, s.Hard.GetTerm(), s.Hard.GetVote(), s.Hard.GetCommit(),
		s.Snapshot.GetMetadata().GetIndex(), s.Snapshot.GetData(), s.Snapshot.GetMetadata().GetConfState().GetVoters())
	for _, e := range s.Entries {
		text += fmt.Sprintf(" %d.%d %q", e.GetTerm(), e.GetIndex(), e.GetData())
	}
	return text
}

// life is what a member writes in the course of time.
func life() []durable.Write {
	return []durable.Write{
		{Seq: 1, Meta: meta(5), Sync: true},
		{Seq: 2, Meta: meta(5), Whole: true, Hard: hard(1, 0, 1), Snapshot: snapshot(1, "first"), Sync: true},
		{Seq: 3, Hard: hard(2, 7, 1), Sync: true},
		{Seq: 4, Entries: []*raftpb.Entry{entry(2, 2, "a"), entry(3, 2, "b"), entry(4, 2, "")}, Sync: true},
		{Seq: 5, Hard: hard(2, 7, 3)},
		// 3 and 4 are overwritten.
		{Seq: 6, Entries: []*raftpb.Entry{entry(3, 3, "others")}, Hard: hard(3, 9, 2), Sync: true},
		{Seq: 7, Meta: meta(6)},
	}
}

// begin claims a folder as a magent does, and opens the log in it.
func begin(t *testing.T, dir string) (*Log, durable.State) {
	t.Helper()
	p := journal.Place{Dir: dir}
	j, _, err := journal.Open(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, saved, err := Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); j.Close() })
	j.Close() // so that a next life can begin in the same test
	return l, saved
}

// What was written is what the next life knows, after each write.
func TestLives(t *testing.T) {
	dir := t.TempDir()
	var want durable.State
	for i, w := range life() {
		l, saved := begin(t, dir)
		if describe(saved) != describe(want) {
			t.Errorf("before write %d\ngot  %s\nwant %s", i, describe(saved), describe(want))
		}
		if err := l.Append([]durable.Write{w}); err != nil {
			t.Fatal(err)
		}
		want.Merge(&w)
	}
	l, saved := begin(t, dir)
	if describe(saved) != describe(want) || len(saved.Entries) != 2 || string(saved.Entries[1].GetData()) != "others" {
		t.Errorf("at last %s", describe(saved))
	}
	whole := durable.Write{Whole: true, Hard: hard(4, 0, 9), Snapshot: snapshot(9, "later"), Sync: true}
	if err := l.Append([]durable.Write{whole}); err != nil {
		t.Fatal(err)
	}
	_, saved = begin(t, dir)
	if len(saved.Entries) != 0 || string(saved.Snapshot.GetData()) != "later" || saved.Meta != *meta(6) {
		t.Errorf("after a snapshot %s", describe(saved))
	}
}

// file is the bytes of a life, and what they say after each write, by where it ends.
func file(t *testing.T) (data []byte, said map[int]string) {
	t.Helper()
	data, said = []byte(header), map[int]string{}
	var s durable.State
	said[len(data)] = describe(s)
	for _, w := range life() {
		var err error
		if data, err = appendWrite(data, &w); err != nil {
			t.Fatal(err)
		}
		s.Merge(&w)
		said[len(data)] = describe(s)
	}
	return data, said
}

// A file that ends anywhere says what the writes say that are complete; so does one that goes on with zeros.
func TestTorn(t *testing.T) {
	data, said := file(t)
	want := said[len(header)]
	for n := len(header); n <= len(data); n++ {
		if s, ok := said[n]; ok {
			want = s
		}
		for _, tail := range []int{0, 1, 600} {
			if tail > 0 && said[n] == "" {
				continue // half a write and zeros may be damaged, which is found out; see below
			}
			got, _, err := parse(append(data[:n:n], make([]byte, tail)...))
			if err != nil || describe(got) != want {
				t.Errorf("%d bytes and %d zeros: %v\ngot  %s\nwant %s", n, tail, err, describe(got), want)
			}
		}
		got, _, err := parse(append(data[:n:n], make([]byte, 600)...))
		if !errors.Is(err, ErrDamaged) && describe(got) != want {
			t.Errorf("%d bytes and 600 zeros: %v, got %s, want %s", n, err, describe(got), want)
		}
	}
	for n := range len(header) {
		if _, _, err := parse(data[:n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d bytes of the header: %v", n, err)
		}
	}
}

// One wrong bit anywhere is found.
func TestDamaged(t *testing.T) {
	data, _ := file(t)
	for i := range data {
		for bit := range 8 {
			bad := append([]byte(nil), data...)
			bad[i] ^= 1 << bit
			if got, _, err := parse(bad); !errors.Is(err, ErrDamaged) {
				t.Fatalf("bit %d of byte %d: %v, got %s", bit, i, err, describe(got))
			}
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, journal.FleetName)
	data[len(header)+3] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := journal.Place{Dir: dir}
	_, _, err := Open(p)
	if !errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), dir) {
		t.Fatalf("%v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(data) {
		t.Errorf("it was touched: %v", err)
	}
	if err := Discard(p); err != nil {
		t.Fatal(err)
	}
	if _, saved := begin(t, dir); saved.Meta.Voter != 0 {
		t.Errorf("a new beginning: %s", describe(saved))
	}
}

// A torn tail does not stay in front of what is written next.
func TestAfterTear(t *testing.T) {
	dir := t.TempDir()
	data, said := file(t)
	path := filepath.Join(dir, journal.FleetName)
	if err := os.WriteFile(path, data[:len(data)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+journal.NewSuffix, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, _ := begin(t, dir)
	last := life()[len(life())-1]
	if err := l.Append([]durable.Write{last}); err != nil {
		t.Fatal(err)
	}
	if _, saved := begin(t, dir); describe(saved) != said[len(data)] {
		t.Errorf("got  %s\nwant %s", describe(saved), said[len(data)])
	}
}

// After a write that failed nothing is written any more.
func TestFailure(t *testing.T) {
	dir := t.TempDir()
	l, _ := begin(t, dir)
	good := l.file
	var err error
	if l.file, err = os.Open(l.path()); err != nil {
		t.Fatal(err)
	}
	err = l.Append(life()[:1])
	l.file.Close()
	l.file = good
	if err == nil || !strings.Contains(err.Error(), l.path()+" cannot be written") {
		t.Errorf("%v", err)
	}
	if again := l.Append(life()[:1]); again == nil {
		t.Error("written behind a hole")
	}
	if _, saved := begin(t, dir); saved.Meta.Voter != 0 {
		t.Errorf("got %s", describe(saved))
	}
}

// Only a plain file of its own is used.
func TestForeignFile(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(elsewhere, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, journal.FleetName)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(journal.Place{Dir: dir}); err == nil || !strings.Contains(err.Error(), "--state-dir "+dir) {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(elsewhere); err != nil || string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
}

// The file does not grow for ever.
func TestRewrite(t *testing.T) {
	l, _ := begin(t, t.TempDir())
	for range 12_000 {
		if err := l.Append([]durable.Write{{Hard: hard(1, 2, 3)}, {Meta: meta(7)}}); err != nil {
			t.Fatal(err)
		}
	}
	if l.size > rewriteSize || describe(l.saved) != describe(durable.State{Meta: *meta(7), Hard: hard(1, 2, 3)}) {
		t.Errorf("%d bytes, %s", l.size, describe(l.saved))
	}
}

func FuzzParse(f *testing.F) {
	data := []byte(header)
	for _, w := range life() {
		data, _ = appendWrite(data, &w)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, good, err := parse(data); err == nil && (good < len(header) || good > len(data)) {
			t.Errorf("%d of %d bytes", good, len(data))
		}
	})
}
