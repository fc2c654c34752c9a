package verify

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestEqualCopies(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 250 {
		r.both(fmt.Sprintf("key%d", i), "v")
	}
	r.both("\x00\x01 binary", "v")
	var seen []string
	r.options.Progress = func(_ bool, items, total int) { seen = append(seen, fmt.Sprintf("%d/%d", items, total)) }
	result := r.run()
	r.wants(result)
	if result.Compared != 251 || result.Unsure != 0 {
		t.Errorf("got %+v", result)
	}
	if got := strings.Join(seen, " "); got != "100/502 200/502 300/502 400/502 500/502 502/502" {
		t.Errorf("progress %s", got)
	}
	if n := r.p.count("mg key7 v f t c l u"); n != 1 {
		t.Errorf("key7 was read %d times", n)
	}
	if n := r.p.count("mg"); n != 251 {
		t.Errorf("the primary was asked %d times for 251 keys", n)
	}
	if r.p.count("ms")+r.p.count("md")+r.b.count("ms")+r.b.count("md") > 0 {
		t.Error("something was written")
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.both("same", "v")
	r.both("value", "v")
	r.b.items["value"].value = "w"
	r.both("flags", "v")
	r.b.items["flags"].flags = 1
	r.both("ttl", "v")
	r.b.items["ttl"].ttl = 100
	r.p.set("p", "v")
	r.b.set("b", "v")
	var read []time.Time
	r.b.before = func(line string) string {
		if strings.HasPrefix(line, "mg value v") {
			read = append(read, time.Now())
		}
		return ""
	}
	result := r.run()
	r.wants(result, "flags flags false", "only-backup b false", "only-primary p false", "ttl ttl false",
		"value value false")
	if result.Compared != 6 || result.Repaired != 0 {
		t.Errorf("got %+v", result)
	}
	if len(read) != readings || read[1].Sub(read[0]) < interval/2 || read[2].Sub(read[1]) < interval/2 {
		t.Errorf("believed after readings at %v", read)
	}
}

// A write that has reached the primary but not yet the backup is not a difference.
func TestWriteUnderWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.both("k", "old")
	r.p.set("k", "new")
	n := 0
	r.b.before = func(line string) string {
		if strings.HasPrefix(line, "mg k") {
			if n++; n == readings { // it arrives before the last reading
				r.b.set("k", "new")
			}
		}
		return ""
	}
	r.wants(r.run())
}

// If each reading finds another difference, because the key is written all the time, the key counts as unsure.
func TestKeyWrittenAllTheTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.both("k", "v")
	n := 0
	r.p.before = func(line string) string {
		if strings.HasPrefix(line, "mg k") {
			n++
			r.p.set("k", fmt.Sprint(n))
		}
		return ""
	}
	result := r.run()
	r.wants(result)
	if result.Unsure != 1 {
		t.Errorf("got %+v", result)
	}
}

// A stale item stays stale: our reading must not win the right to recompute it.
func TestStaleItem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.both("k", "v")
	r.p.items["k"].marks, r.b.items["k"].marks = " X W", " X Z"
	r.b.set("b", "v").marks = " X Z"
	r.p.set("b", "w").marks = " X W"
	result := r.run()
	r.wants(result)
	if result.Unsure != 2 || r.p.items["k"].marks != " X W" || r.b.items["k"].marks != " X Z" {
		t.Errorf("got %+v, %q, %q", result, r.p.items["k"].marks, r.b.items["k"].marks)
	}
	if r.b.count("md") > 0 {
		t.Error("a turn was given back that was not taken")
	}
	r.b.items["k"].marks = " X W"
	r.run()
	if r.b.items["k"].marks != " X W" {
		t.Errorf("the backup's item became %q", r.b.items["k"].marks)
	}
}

func TestMisplacedKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := newFake(t)
	r.options.Primaries = append(r.options.Primaries, servers(other)...)
	r.options.PrimaryRing = ringOf(t, "p", "other")
	for i := range 20 {
		r.both(fmt.Sprint("key", i), "v")
	}
	for key := range r.p.items {
		if r.options.PrimaryRing.Pick(r.options.Hash([]byte(key))) == 1 {
			other.set(key, "v")
		}
	}
	result := r.run()
	r.wants(result)
	want := []int{len(other.items), 0, 0}
	if fmt.Sprint(result.Misplaced) != fmt.Sprint(want) || want[0] == 0 || want[0] == 20 || result.Compared != 20 {
		t.Errorf("got %+v, want %v misplaced", result, want)
	}
}

func TestKeyThatCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.p.set(strings.Repeat("\x01", 200), "v")
	if result := r.run(); result.Unsure != 1 || r.p.count("mg") > 0 {
		t.Errorf("got %+v", result)
	}
}

// With many large values, both sides must not end up waiting for room to write.
func TestLargeValues(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	value := strings.Repeat("0123456789abcdef", 16<<10)
	for i := range 70 {
		r.both(fmt.Sprintf("%s%d", strings.Repeat("k", 240), i), value)
	}
	if result := r.run(); result.Compared != 70 || result.Differing() != 0 {
		t.Errorf("got %+v", result)
	}
}

// A write that reached only the backup, while the primary was stopped, is a difference.
func TestWriteToTheBackupAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.both("k", "v")
	n := 0
	r.b.before = func(line string) string {
		if strings.HasPrefix(line, "mg k v") {
			if n++; n < 5 {
				r.b.set("k", fmt.Sprint(n))
			}
		}
		return ""
	}
	r.wants(r.run(), "value k false")
	if m := r.p.count("mg k v"); m < 4+readings-1 {
		t.Errorf("believed after %d readings, while it was written", m)
	}
}

func TestManySuspects(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range maxSuspects + 500 {
		r.p.set(fmt.Sprint("key", i), "v")
	}
	early := false // some findings are reported before the listing is over
	r.options.Progress = func(_ bool, items, total int) { early = early || items < total && len(r.found) > 0 }
	if result := r.run(); result.Differ[OnlyPrimary] != maxSuspects+500 || !early {
		t.Errorf("got %+v, early %v", result, early)
	}
}

func TestRate(t *testing.T) {
	r := newRig(t)
	for i := range 50 {
		r.both(fmt.Sprint("key", i), "v")
	}
	r.options.Rate = 200 // 50 of the primary, and 50 of the backup
	began := time.Now()
	r.run()
	if d := time.Since(began); d < 400*time.Millisecond {
		t.Errorf("100 questions, 200 in a second, took %v", d)
	}
}

// TestRateOfSuspects checks that suspects are read again no faster than other keys.
func TestRateOfSuspects(t *testing.T) {
	r := newRig(t)
	for i := range 20 {
		r.p.set(fmt.Sprint("key", i), "v")
	}
	r.options.Rate = 100 // fewer at a time than there are suspects
	began := time.Now()
	if result := r.run(); result.Differ[OnlyPrimary] != 20 {
		t.Errorf("got %+v", result)
	}
	if d, least := time.Since(began), (readings-1)*20*time.Second/100; d < least {
		t.Errorf("%d readings of 20 keys, 100 in a second, took %v", readings, d)
	}
}
