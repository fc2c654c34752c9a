package service

import (
	"errors"
	"strings"
	"testing"
)

// fakeLimit behaves as the kernel does for root or for others.
type fakeLimit struct {
	soft, hard uint64
	root       bool
}

func (f *fakeLimit) get() (soft, hard uint64, err error) { return f.soft, f.hard, nil }

func (f *fakeLimit) set(soft, hard uint64) error {
	if hard > f.hard && !f.root || soft > hard {
		return errors.New("operation not permitted")
	}
	f.soft, f.hard = soft, hard
	return nil
}

func TestFitFiles(t *testing.T) {
	for _, c := range []struct {
		name             string
		limit            fakeLimit
		clients, others  int
		fit              int
		soft             uint64
		warned           bool
		warningHasToName string
	}{
		{"enough", fakeLimit{soft: 5000, hard: 5000}, 4096, 6, 4096, 5000, false, ""},
		{"exactly", fakeLimit{soft: 4166, hard: 4166}, 4096, 6, 4096, 4166, false, ""},
		{"soft raised", fakeLimit{soft: 1024, hard: 8192}, 4096, 6, 4096, 4166, false, ""},
		{"root raises hard", fakeLimit{soft: 64, hard: 64, root: true}, 4096, 6, 4096, 4166, false, ""},
		{
			"hard too low",
			fakeLimit{soft: 64, hard: 1024},
			4096, 6, 1024 - 6 - 64, 1024, true,
			"-n 4096 needs 4166 open files but the limit is 1024: only 954 clients",
		},
		{"one too low", fakeLimit{soft: 4165, hard: 4165}, 4096, 6, 4095, 4165, true, "only 4095 clients"},
		{"tiny", fakeLimit{soft: 64, hard: 64}, 4096, 2, 64 - 2 - 16, 64, true, "only 46 clients"},
		{"nothing left", fakeLimit{soft: 16, hard: 16}, 4096, 200, 1, 16, true, "only 1 clients"},
		{"all", fakeLimit{soft: 1024, hard: 8192, root: true}, 0, 6, 8192 - 6 - 64, 8192, false, ""},
		{"all of a tiny limit", fakeLimit{soft: 64, hard: 64}, 0, 2, 64 - 2 - 16, 64, false, ""},
		{"all of no limit", fakeLimit{soft: 1 << 40, hard: 1 << 40}, 0, 6, 1<<20 - 6 - 64, 1 << 40, false, ""},
		{"never more than wanted", fakeLimit{soft: 100, hard: 100}, 40, 6, 40, 100, true, "-n 40 needs 110"},
	} {
		fit, warning := fitFiles(&c.limit, c.clients, c.others, Spare{})
		if fit != c.fit || c.limit.soft != c.soft || (warning != "") != c.warned ||
			!strings.Contains(warning, c.warningHasToName) {
			t.Errorf("%s: %d clients, soft limit %d, %q", c.name, fit, c.limit.soft, warning)
		}
		if strings.Contains(warning, "\n") {
			t.Errorf("%s: more than one line: %q", c.name, warning)
		}
	}
}

// TestFitSpare checks that connections which are made when clients need them count, and that clients come first.
func TestFitSpare(t *testing.T) {
	for _, c := range []struct {
		name    string
		limit   fakeLimit
		clients int
		fit     int
		soft    uint64
		warning string
	}{
		{"enough", fakeLimit{soft: 2170, hard: 2170}, 1100, 1100, 2170, ""},
		{"raised", fakeLimit{soft: 1024, hard: 8192}, 1100, 1100, 2170, ""},
		{
			"one too low",
			fakeLimit{soft: 2169, hard: 2169},
			1100, 1100, 2169,
			"-n 1100 with dedicated_connections 1000 needs 2170 open files but the limit is 2169: clients may",
		},
		{
			"nothing for them",
			fakeLimit{soft: 1170, hard: 1170},
			1100, 1100, 1170,
			"-n 1100 with dedicated_connections 1000 needs 2170 open files but the limit is 1170: clients may",
		},
		{
			"not even for clients",
			fakeLimit{soft: 1169, hard: 1169},
			1100, 1099, 1169,
			"-n 1100 with dedicated_connections 1000 needs 2170 open files but the limit is 1169: only 1099 clients",
		},
		{"all", fakeLimit{soft: 1024, hard: 8192}, 0, 8192 - 6 - 1000 - 64, 8192, ""},
		{"all of a small limit", fakeLimit{soft: 1024, hard: 1024}, 0, 1024 - 6 - 256 - 64, 1024, ""},
	} {
		fit, warning := fitFiles(&c.limit, c.clients, 6, Spare{1000, "dedicated_connections 1000"})
		if fit != c.fit || c.limit.soft != c.soft || (warning == "") != (c.warning == "") ||
			!strings.HasPrefix(warning, c.warning) || strings.Contains(warning, "\n") {
			t.Errorf("%s: %d clients, soft limit %d, %q", c.name, fit, c.limit.soft, warning)
		}
	}
}

func TestProcessLimit(t *testing.T) {
	soft, hard, err := processLimit{}.get()
	if err != nil || soft < 2 || hard < soft {
		t.Fatalf("soft %d, hard %d, %v", soft, hard, err)
	}
	if err := (processLimit{}).set(soft-1, hard); err != nil {
		t.Fatal(err)
	}
	got, _, err := processLimit{}.get()
	if err != nil || got != soft-1 {
		t.Errorf("set %d, got %d, %v", soft-1, got, err)
	}
	if err := (processLimit{}).set(soft, hard); err != nil {
		t.Fatal(err)
	}
}
