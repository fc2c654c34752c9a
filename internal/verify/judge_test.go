package verify

import "testing"

func TestJudge(t *testing.T) {
	gone := item{ttl: never}
	is := func(value string, flags uint64, ttl int64) item {
		return item{found: true, value: []byte(value), flags: flags, ttl: ttl}
	}
	stale := is("v", 0, never)
	stale.stale = true
	for _, c := range []struct {
		name string
		p, b item
		want Kind
	}{
		{"equal", is("v", 1, 100), is("v", 1, 100), Same},
		{"neither", gone, gone, Same},
		{"value", is("v", 1, 100), is("w", 2, 300), Value},
		{"longer", is("v", 1, 100), is("vv", 1, 100), Value},
		{"empty", is("", 0, never), is("", 0, never), Same},
		{"flags", is("v", 1, 100), is("v", 2, 300), Flags},
		{"two seconds", is("v", 1, 100), is("v", 1, 102), Same},
		{"two seconds, the other way", is("v", 1, 102), is("v", 1, 100), Same},
		{"three seconds", is("v", 1, 100), is("v", 1, 103), TTL},
		{"three seconds, the other way", is("v", 1, 103), is("v", 1, 100), TTL},
		{"never and soon", is("v", 1, never), is("v", 1, 1), TTL},
		{"soon and never", is("v", 1, 1), is("v", 1, never), TTL},
		{"never, both", is("v", 1, never), is("v", 1, never), Same},
		{"only primary", is("v", 1, never), gone, OnlyPrimary},
		{"only backup", gone, is("v", 1, 3), OnlyBackup},
		{"only primary, about to expire", is("v", 1, 2), gone, Same},
		{"only backup, about to expire", gone, is("v", 1, 0), Same},
		{"stale primary", stale, is("w", 0, never), unsure},
		{"stale backup", gone, stale, unsure},
	} {
		if got := judge(&c.p, &c.b); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
