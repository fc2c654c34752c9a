package verify

import (
	"fmt"
	"strings"
	"testing"
)

func repairing(t *testing.T) *rig {
	r := newRig(t)
	r.options.Repair, r.options.Force = true, true
	return r
}

func TestRepair(t *testing.T) {
	t.Parallel()
	r := repairing(t)
	r.both("value", "v")
	r.b.items["value"].value = "w"
	r.both("flags", "v")
	r.p.items["flags"].flags = 1
	r.both("ttl", "v")
	r.p.items["ttl"].ttl = 100
	r.both("never", "v")
	r.b.items["never"].ttl = 100
	r.p.set("\x00p", "v")
	r.b.set("b", "v")
	result := r.run()
	r.wants(result, "flags flags true", "only-backup b true", "only-primary \x00p true", "ttl never true",
		"ttl ttl true", "value value true")
	if result.Repaired != 6 {
		t.Errorf("got %+v", result)
	}
	if got := show(r.b); got != show(r.p) {
		t.Errorf("backup %s\nprimary %s", got, show(r.p))
	}
	if r.p.count("ms")+r.p.count("md") > 0 {
		t.Error("the primary was written")
	}
	for _, f := range []*fake{r.p, r.b} {
		for _, line := range f.asked {
			if strings.HasPrefix(line, "ms") && !strings.Contains(line, " C") && !strings.Contains(line, " ME") ||
				strings.HasPrefix(line, "md") && !strings.Contains(line, " C") {
				t.Errorf("%s: not conditional", line)
			}
		}
	}
	r.wants(r.run())
}

// show lists the items of a fake, without tokens.
func show(f *fake) string {
	items := map[string]string{}
	for key, it := range f.items {
		items[key] = fmt.Sprint(it.value, it.flags, it.ttl)
	}
	return fmt.Sprint(items)
}

func TestFill(t *testing.T) {
	t.Parallel()
	r := repairing(t)
	r.options.Fill = true
	r.b.set("b", "v").flags = 7
	r.p.set("p", "v").ttl = 50
	r.both("value", "v")
	r.b.items["value"].value = "w"
	r.wants(r.run(), "only-backup b true", "only-primary p true", "value value true")
	if show(r.b) != show(r.p) || r.p.items["b"].flags != 7 || r.p.items["value"].value != "v" || len(r.p.items) != 3 {
		t.Errorf("backup %s\nprimary %s", show(r.b), show(r.p))
	}
}

// on calls a function right before the first command that begins with these words is carried out.
func on(f *fake, begin string, do func()) {
	done := false
	f.before = func(line string) string {
		if !done && strings.HasPrefix(line, begin) {
			done = true
			do()
		}
		return ""
	}
}

// If a client writes a key between the reading and the repair, the client's value stays.
func TestWriteBeatsRepair(t *testing.T) {
	t.Parallel()
	t.Run("overwrite", func(t *testing.T) {
		r := repairing(t)
		r.both("k", "v")
		r.b.items["k"].value = "w"
		on(r.b, "ms k", func() { r.both("k", "client") })
		r.wants(r.run(), "value k true")
		r.holds("client")
	})
	t.Run("overwrite, deleted", func(t *testing.T) {
		r := repairing(t)
		r.both("k", "v")
		r.b.items["k"].value = "w"
		on(r.b, "ms k", func() { delete(r.p.items, "k"); delete(r.b.items, "k") })
		r.run()
		r.holds("")
	})
	t.Run("add", func(t *testing.T) {
		r := repairing(t)
		r.p.set("k", "v")
		on(r.b, "ms k", func() { r.both("k", "client") })
		r.run()
		r.holds("client")
	})
	t.Run("delete", func(t *testing.T) {
		r := repairing(t)
		r.b.set("k", "v")
		on(r.b, "md k", func() { r.both("k", "client") })
		r.run()
		r.holds("client")
	})
	t.Run("fill", func(t *testing.T) {
		r := repairing(t)
		r.options.Fill = true
		r.b.set("k", "v")
		on(r.p, "ms k", func() { r.both("k", "client") })
		r.run()
		r.holds("client")
	})
}

// A client's delete between the reading and the repair finds nothing where the copy is then added. The copy must be
// deleted again, also on servers where md with a token does not work.
func TestDeleteBeatsAdd(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		fill, strict := i&1 > 0, i&2 > 0
		r := repairing(t)
		r.options.Fill, r.p.strict, r.b.strict = fill, strict, strict
		from, to := r.p, r.b
		if fill {
			from, to = r.b, r.p
		}
		from.set("k", "v")
		on(to, "ms k", func() { delete(from.items, "k") })
		r.wants(r.run())
		r.holds("")
		if to.count("md k C") != 1 {
			t.Errorf("fill %v, strict %v: asked %q", fill, strict, to.asked)
		}
	}
}

// Some versions of memcached answer EX to every md with a token. There an item is replaced by an expired one, if it
// still has that token.
func TestServerThatDeletesNoToken(t *testing.T) {
	t.Parallel()
	strictly := func(t *testing.T) *rig {
		r := repairing(t)
		r.p.strict, r.b.strict = true, true
		return r
	}
	t.Run("delete", func(t *testing.T) {
		r := strictly(t)
		r.b.set("k", "v")
		r.b.set("\x00", "v")
		r.wants(r.run(), "only-backup \x00 true", "only-backup k true")
		r.holds("")
		if n := r.b.count("ms k 0 C"); n != 1 {
			t.Errorf("it was asked %d times: %q", n, r.b.asked)
		}
	})
	t.Run("overwritten", func(t *testing.T) {
		r := strictly(t)
		r.b.set("k", "v")
		on(r.b, "ms k 0", func() { r.both("k", "client") })
		r.run()
		r.holds("client")
	})
	t.Run("stale", func(t *testing.T) {
		r := strictly(t)
		r.both("k", "v")
		r.p.items["k"].marks = " X W"
		r.run()
		if got := r.p.items["k"].marks; got != " X W" {
			t.Errorf("the turn to compute it was taken: %q", got)
		}
	})
	t.Run("stale, overwritten", func(t *testing.T) {
		r := strictly(t)
		r.both("k", "v")
		r.p.items["k"].marks = " X W"
		on(r.p, "md k", func() { r.both("k", "client") })
		r.run()
		if got := r.p.items["k"].marks; got != "" {
			t.Errorf("what a client wrote became %q", got)
		}
	})
}

func TestOvertaken(t *testing.T) {
	gone, ours, theirs := item{}, item{found: true, token: 7}, item{found: true, token: 8}
	toBackup := suspect{pair: pair{p: 0, b: 1}, added: 7, addedTo: 1}
	toPrimary, nothing := toBackup, toBackup
	toPrimary.addedTo, nothing.added = 0, 0
	for _, c := range []struct {
		s    suspect
		p, b item
		want bool
	}{
		{toBackup, gone, ours, true},
		{toBackup, gone, theirs, false},
		{toBackup, theirs, ours, false},
		{toBackup, gone, gone, false},
		{toBackup, ours, gone, false},
		{toPrimary, ours, gone, true},
		{toPrimary, theirs, gone, false},
		{toPrimary, gone, ours, false},
		{nothing, gone, item{found: true}, false},
	} {
		if got := c.s.overtaken(&c.p, &c.b); got != c.want {
			t.Errorf("%+v, %+v, %+v: %v", c.s, c.p, c.b, got)
		}
	}
}

// holds checks that both servers hold a value for k, or nothing.
func (r *rig) holds(value string) {
	r.t.Helper()
	for _, f := range []*fake{r.p, r.b} {
		it := f.items["k"]
		if (it == nil) != (value == "") || it != nil && it.value != value {
			r.t.Errorf("got %s, want %q", show(f), value)
		}
	}
}

// If a server refuses a repair, it is asked a few times, and its answer is reported.
func TestRepairRefused(t *testing.T) {
	t.Parallel()
	r := repairing(t)
	r.p.set("k", "v")
	r.b.before = func(line string) string {
		if strings.HasPrefix(line, "ms ") {
			return "SERVER_ERROR object too large for cache\r\n"
		}
		return ""
	}
	result := r.run()
	r.wants(result, "only-primary k false SERVER_ERROR object too large for cache")
	if result.Repaired != 0 || r.b.count("ms") != maxTries {
		t.Errorf("got %+v after %d tries", result, r.b.count("ms"))
	}
	if n := r.b.count("mg k v"); n != readings*(maxTries+2) { // once to count, and after each try
		t.Errorf("%d readings for %d tries", n, maxTries)
	}
}

// More repairs are needed than are held in memory at a time.
func TestManyLargeRepairs(t *testing.T) {
	t.Parallel()
	r := repairing(t)
	value := strings.Repeat("x", 1<<20)
	for i := range 12 {
		r.p.set(fmt.Sprint("key", i), value)
	}
	if result := r.run(); result.Repaired != 12 || show(r.p) != show(r.b) {
		t.Errorf("got %+v", result)
	}
	most, n := 0, 0
	for _, line := range r.b.asked {
		if n++; !strings.HasPrefix(line, "ms") {
			n = 0
		}
		most = max(most, n)
	}
	if most > maxWrites>>20+1 {
		t.Errorf("%d MB were held at a time", most)
	}
}

// An item in its last second is not copied: an exptime of 0 would mean never.
func TestRepairOfAnItemThatExpires(t *testing.T) {
	t.Parallel()
	r := repairing(t)
	r.both("k", "v")
	r.p.items["k"].ttl = 0
	r.p.items["k"].value = "w"
	r.run()
	if r.b.count("ms") > 0 {
		t.Errorf("asked %q", r.b.asked)
	}
}
