package pool

import (
	"reflect"
	"testing"

	"magent/internal/config"
	"magent/internal/fleet/book"
	"magent/internal/fleet/core"
	"magent/internal/fleet/gate"
)

// diary is a repair.Recorder that counts how often it was asked.
type diary int

func (d *diary) Dirty(int, []byte)    { *d++ }
func (d *diary) All(int, bool)        { *d++ }
func (d *diary) Incomplete(int)       { *d++ }
func (d *diary) Repaired(int, []byte) { *d++ }
func (d *diary) Clean(int)            { *d++ }

// Whatever is learned of a server is recorded here, and told to all members, in the term. When that is over nothing is
// told.
func TestTold(t *testing.T) {
	g, journal := gate.New(), new(diary)
	cfg := &config.Pool{
		Name:    "main",
		Servers: []config.Address{{Host: "192.0.2.1", Port: 11211}},
		Backups: []config.Address{{Host: "192.0.2.2", Port: 11211}},
	}
	term := g.Begin("main", 7, gate.Life{})
	told := &told{journal: journal, cfg: cfg, loop: 2, term: term}
	for _, c := range []struct {
		record func()
		want   book.Entry
	}{
		{func() { told.Dirty(1, []byte("k")) }, book.Entry{Kind: book.Dirty, Key: []byte("k")}},
		{func() { told.All(1, true) }, book.Entry{Kind: book.All}},
		{func() { told.All(1, false) }, book.Entry{Kind: book.All, Spared: true}},
		{func() { told.Incomplete(1) }, book.Entry{Kind: book.Incomplete}},
		{func() { told.Repaired(1, []byte("k")) }, book.Entry{Kind: book.Repaired, Key: []byte("k")}},
		{func() { told.Clean(1) }, book.Entry{Kind: book.Clean}},
	} {
		before := *journal
		c.record()
		c.want.Server, c.want.Loop = ServerOf(cfg, 1), 2
		records, _ := g.Take(100)
		if len(records) != 1 || *journal != before+1 {
			t.Errorf("%s: %d records, and %d in the journal", c.want.Kind, len(records), *journal-before)
			continue
		}
		r := records[0]
		got, err := book.Parse(r.Data)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v, want %+v (%v)", got, c.want, err)
		}
		if r.Kind != core.Knowledge || r.Group != "main" || r.Epoch != 7 || r.Clears != c.want.Clears() {
			t.Errorf("%s: %+v", c.want.Kind, r)
		}
	}
	term.End()
	told.All(1, true)
	if records, _ := g.Take(100); len(records) != 0 {
		t.Errorf("told when the term was over: %+v", records)
	}
}
