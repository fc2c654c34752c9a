package verify

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const hour = 3600 // seconds

// lossy returns a pair of servers on which only the backup has n of 1000 keys, for idle seconds. The primary has run
// for an hour, the backup as long or longer.
func lossy(t *testing.T, n, idle int, younger bool) *rig {
	t.Helper()
	r := newRig(t)
	r.options.Repair = true
	r.p.uptime, r.b.uptime = hour, hour
	if younger {
		r.b.uptime += hour
	}
	for i := range 1000 {
		if key := fmt.Sprint("key", i); i < n {
			r.b.set(key, "v").idle = idle
		} else {
			r.both(key, "v")
		}
	}
	return r
}

// untouched checks that nothing was written and nothing deleted.
func (r *rig) untouched() {
	r.t.Helper()
	for _, f := range []*fake{r.p, r.b} {
		if n := f.count("ms") + f.count("md"); n > 0 {
			r.t.Errorf("%d commands that change something", n)
		}
	}
}

// If more than 1 % of the keys would be deleted, the primary has probably lost them, or the list of servers is wrong.
func TestRepairRefusesToDeleteMuch(t *testing.T) {
	t.Parallel()
	r := lossy(t, 11, 0, false)
	result, err := r.try()
	var no *Refusal
	if !errors.As(err, &no) || result.Repaired != 0 ||
		!strings.Contains(err.Error(), "11 of 1000 keys would be deleted") ||
		!strings.Contains(err.Error(), "--fill") {
		t.Errorf("got %+v, %v", result, err)
	}
	r.untouched()
	r.options.Force = true
	if result := r.run(); result.Repaired != 11 || r.b.count("md") != 11 || len(r.b.items) != 989 {
		t.Errorf("forced: %+v", result)
	}
}

func TestRepairDeletesLittle(t *testing.T) {
	t.Parallel()
	r := lossy(t, 10, 0, false)
	if result := r.run(); result.Repaired != 10 || r.b.count("md") != 10 || len(r.b.items) != 990 {
		t.Errorf("%+v", result)
	}
}

// What a primary lacks that was started after its backup it may have lost. Only the user can tell.
func TestRepairRefusesWhereAPrimaryIsYounger(t *testing.T) {
	t.Parallel()
	r := lossy(t, 3, 0, true)
	result, err := r.try()
	var no *Refusal
	if !errors.As(err, &no) || result.Repaired != 0 ||
		!strings.Contains(err.Error(), "3 of 1000 keys would be deleted") ||
		!strings.Contains(err.Error(), "was started after the backup") || !strings.Contains(err.Error(), "--fill") {
		t.Errorf("got %+v, %v", result, err)
	}
	r.untouched()
	r.options.Force = true
	if result := r.run(); result.Repaired != 3 || r.b.count("md") != 3 || len(r.b.items) != 997 {
		t.Errorf("forced: %+v", result)
	}
}

// A repair that has counted nothing to delete leaves alone what a younger primary lacks later.
func TestYoungerPrimaryLosesKeysDuringRepair(t *testing.T) {
	t.Parallel()
	r := lossy(t, 0, 0, true)
	r.options.Counted = func([]Loss) {
		r.p.mu.Lock()
		delete(r.p.items, "key7")
		r.p.mu.Unlock()
	}
	r.wants(r.run(), "only-backup key7 false its primary was started after its backup, add --fill or --force")
	r.untouched()
}

// A primary that was started after its backup, and lacks keys that the backup had before, was restarted. It gets all
// of them, also if the repair is forced.
func TestRepairFillsARestartedPrimary(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 11, 1000} {
		for _, force := range []bool{false, true} {
			r := lossy(t, n, hour+60, true)
			r.options.Force = force
			var told []Loss
			r.options.Counted = func(filled []Loss) { told = filled }
			result := r.run()
			if result.Repaired != n || len(r.p.items) != 1000 || len(r.b.items) != 1000 || r.b.count("md") > 0 {
				t.Errorf("%+v, %d and %d keys", result, len(r.p.items), len(r.b.items))
			}
			if len(told) == 1 {
				told[0].Later = told[0].Later.Round(time.Hour)
			}
			if want := (Loss{r.p.addr, r.b.addr, time.Hour, n, 1000}); len(told) != 1 || told[0] != want {
				t.Errorf("told %+v", told)
			}
		}
	}
}

// Of a restarted primary some keys were lost, and others may have been deleted since. If the user says that they were,
// the lost ones come back all the same.
func TestRepairOfARestartedPrimaryThatAlsoDeleted(t *testing.T) {
	t.Parallel()
	r := lossy(t, 20, hour+60, true)
	r.b.items["key3"].idle = 5
	if _, err := r.try(); err == nil || !strings.Contains(err.Error(), "1 of 1000 keys would be deleted") {
		t.Errorf("got %v", err)
	}
	r.untouched()
	r.options.Force = true
	if result := r.run(); result.Repaired != 20 || r.b.count("md") != 1 || len(r.b.items) != 999 ||
		len(r.p.items) != 999 || r.b.items["key3"] != nil {
		t.Errorf("%+v, %d and %d keys", result, len(r.p.items), len(r.b.items))
	}
}

func TestRepairFillsWhenTold(t *testing.T) {
	t.Parallel()
	r := lossy(t, 500, 0, false)
	r.options.Fill = true
	if result := r.run(); result.Repaired != 500 || len(r.p.items) != 1000 || r.b.count("md") > 0 {
		t.Errorf("%+v", result)
	}
}

// A running repair deletes no more keys than the share that was counted before allows.
func TestPrimaryIsLostDuringRepair(t *testing.T) {
	t.Parallel()
	r := lossy(t, 5, 0, false)
	on := false
	r.options.Counted = func([]Loss) { on = true }
	r.p.before = func(line string) string {
		if on {
			on = false
			clear(r.p.items)
		}
		return ""
	}
	_, err := r.try()
	var no *Refusal
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "more to change than was counted") {
		t.Errorf("got %v", err)
	}
	if n := r.b.count("md"); n > 10+settleKeys {
		t.Errorf("%d deletions", n)
	}
}

func TestAssess(t *testing.T) {
	now, before := time.Now(), time.Now().Add(-time.Hour)
	same, younger := []Start{{now, now}, {now, now}}, []Start{{now, now}, {before, before}}
	for _, c := range []struct {
		name      string
		keys      Tally // of 100
		starts    []Start
		misplaced int
		fill      bool
		want      string // the refusal; "": there is none
	}{
		{"nothing", Tally{0, 0, 0}, same, 0, false, ""},
		{"a hundredth", Tally{100, 1, 0}, same, 0, false, ""},
		{"more", Tally{100, 2, 0}, same, 0, false, "2 of 100 keys would be deleted, more"},
		{"more, to fill", Tally{100, 2, 0}, same, 0, true, ""},
		{"younger", Tally{100, 0, 0}, younger, 0, false, ""},
		{"younger, a hundredth", Tally{100, 1, 0}, younger, 0, false, "1 of 100 keys would be deleted, for"},
		{"younger, to fill", Tally{100, 1, 0}, younger, 0, true, ""},
		{"younger, lost", Tally{100, 9, 9}, younger, 0, false, ""},
		{"younger, not all lost", Tally{100, 9, 8}, younger, 0, false, "1 of 100 keys would be deleted, for"},
		{"younger, more", Tally{100, 2, 0}, younger, 0, false, "2 of 100 keys would be deleted, more"},
		{"misplaced", Tally{100, 0, 0}, same, 7, false, "7 keys are on servers"},
		{"misplaced, to fill", Tally{100, 9, 0}, same, 1, true, "1 keys are on servers"},
	} {
		r := Result{
			Compared: 100, Links: map[Link]*Tally{{0, 1}: &c.keys}, Starts: c.starts,
			Misplaced: []int{c.misplaced, 0},
		}
		no := assess(&r, c.fill, false)
		if (no == nil) != (c.want == "") || no != nil && !strings.Contains(no.Error(), c.want) {
			t.Errorf("%s: %v", c.name, no)
		}
	}
}

// memcached's uptime begins with 2 and counts whole seconds, so what happens within a few seconds has no order.
func TestStart(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		p, b int // uptimes
		want bool
	}{{100, 100, false}, {100, 101, false}, {100, 102, false}, {100, 103, true}, {103, 100, false}, {2, 9000, true}} {
		if got := startOf(c.p, now, now).after(startOf(c.b, now, now)); got != c.want {
			t.Errorf("uptimes %d and %d: %v", c.p, c.b, got)
		}
	}
	// An answer that took its time tells less.
	if startOf(100, now, now).after(startOf(110, now.Add(-time.Second), now.Add(9*time.Second))) {
		t.Error("later than one whose answer took ten seconds")
	}
	p := startOf(100, now, now)
	for idle, want := range map[int64]bool{0: false, 99: false, 100: false, 101: true} {
		if got := p.hasLost(idle, now); got != want {
			t.Errorf("idle for %d s: %v", idle, got)
		}
	}
	if p.hasLost(105, now.Add(10*time.Second)) {
		t.Error("lost what it got while it was compared")
	}
}
