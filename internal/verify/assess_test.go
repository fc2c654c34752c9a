package verify

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// lossy returns a pair of servers on which only the backup has n of 1000 keys. The primary has run for an hour, the
// backup as long or longer.
func lossy(t *testing.T, n int, younger bool) *rig {
	t.Helper()
	r := newRig(t)
	r.options.Repair = true
	r.p.uptime, r.b.uptime = 3600, 3600
	if younger {
		r.b.uptime++
	}
	for i := range 1000 {
		if key := fmt.Sprint("key", i); i < n {
			r.b.set(key, "v")
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
	r := lossy(t, 11, false)
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
	for _, younger := range []bool{false, true} { // a younger primary has been refilled, or it would lack more
		r := lossy(t, 10, younger)
		if result := r.run(); result.Repaired != 10 || r.b.count("md") != 10 || len(r.b.items) != 990 {
			t.Errorf("younger %v: %+v", younger, result)
		}
	}
}

// A primary that was started after its backup, and lacks many of its keys, was restarted.
func TestRepairFillsARestartedPrimary(t *testing.T) {
	for _, n := range []int{11, 1000} {
		r := lossy(t, n, true)
		var told []Loss
		r.options.Counted = func(filled []Loss) { told = filled }
		result := r.run()
		if result.Repaired != n || len(r.p.items) != 1000 || len(r.b.items) != 1000 || r.b.count("md") > 0 {
			t.Errorf("%+v, %d and %d keys", result, len(r.p.items), len(r.b.items))
		}
		want := Loss{r.p.addr, r.b.addr, 3600 * time.Second, 3601 * time.Second, n, 1000}
		if len(told) != 1 || told[0] != want {
			t.Errorf("told %+v", told)
		}
	}
}

func TestRepairFillsWhenTold(t *testing.T) {
	r := lossy(t, 500, false)
	r.options.Fill = true
	if result := r.run(); result.Repaired != 500 || len(r.p.items) != 1000 || r.b.count("md") > 0 {
		t.Errorf("%+v", result)
	}
}

// A running repair deletes no more keys than the share that was counted before allows.
func TestPrimaryIsLostDuringRepair(t *testing.T) {
	r := lossy(t, 5, false)
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
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "more to delete than was counted") {
		t.Errorf("got %v", err)
	}
	if n := r.b.count("md"); n > 10+settleKeys {
		t.Errorf("%d deletions", n)
	}
}

func TestAssess(t *testing.T) {
	tally := func(held, lacking int) map[Link]*Tally { return map[Link]*Tally{{0, 1}: {held, lacking}} }
	ages := func(p, b int) []time.Duration { return []time.Duration{time.Duration(p), time.Duration(b)} }
	for name, c := range map[string]struct {
		r      Result
		fill   bool
		filled bool
		want   string // the refusal; "": there is none
	}{
		"nothing":     {Result{}, false, false, ""},
		"equal":       {Result{Compared: 100, Links: tally(100, 0), Ages: ages(1, 2)}, false, false, ""},
		"a hundredth": {Result{Compared: 100, Links: tally(100, 1), Ages: ages(2, 2)}, false, false, ""},
		"more": {
			Result{Compared: 100, Links: tally(100, 2), Ages: ages(2, 2)},
			false, false,
			"2 of 100 keys would be deleted",
		},
		"more, to fill": {Result{Compared: 100, Links: tally(100, 2), Ages: ages(2, 2)}, true, true, ""},
		"more, younger": {Result{Compared: 100, Links: tally(100, 2), Ages: ages(1, 2)}, false, true, ""},
		"misplaced": {
			Result{Compared: 100, Links: tally(100, 0), Ages: ages(2, 2), Misplaced: []int{3, 4}},
			false, false, "7 keys are on servers",
		},
		"misplaced, filled": {
			Result{Compared: 100, Links: tally(100, 9), Ages: ages(2, 2), Misplaced: []int{0, 1}},
			true, true, "1 keys are on servers",
		},
	} {
		filled, no := assess(&c.r, c.fill)
		if filled[Link{0, 1}] != c.filled || (no == nil) != (c.want == "") ||
			no != nil && !strings.Contains(no.Error(), c.want) {
			t.Errorf("%s: filled %v, %v", name, filled, no)
		}
	}
}
