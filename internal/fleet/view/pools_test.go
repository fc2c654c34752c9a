package view

import "testing"

const (
	poolA = "pool a: ketama\nprimary 1 of a\nprimary 2 of a\nbackup 3 of a\n"
	poolB = "pool b: ketama\nprimary 4 of b\nbackup 5 of b\n"
	swapB = "pool b: ketama\nprimary 5 of b\nbackup 4 of b\n"
)

func TestSamePools(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"", "", true},
		{poolA, poolA, true},
		{poolA + poolB, poolA + swapB, true},
		{poolA, "pool a: ketama\nprimary 3 of a\nbackup 1 of a\nbackup 2 of a\n", true},
		{poolA, "pool a: ketama\nprimary 3 of a\nbackup 2 of a\nbackup 1 of a\n", false}, // another order
		{poolA, "pool a: ketama\nprimary 1 of a\nprimary 3 of a\nbackup 2 of a\n", false},
		{poolA, "pool a: modula\nprimary 1 of a\nprimary 2 of a\nbackup 3 of a\n", false},
		{poolA, poolB, false},
		{poolA, poolA + poolB, false},
		{poolA + poolB, poolB + poolA, false},
		{"a hash", "another", false},
	} {
		if SamePools([]byte(c.a), []byte(c.b)) != c.same || SamePools([]byte(c.b), []byte(c.a)) != c.same {
			t.Errorf("%q, %q: not %v", c.a, c.b, c.same)
		}
	}
	if got := Exchanged(poolB); got != swapB {
		t.Errorf("%q", got)
	}
	if got := Exchanged(Exchanged(poolA)); got != poolA {
		t.Errorf("%q", got)
	}
}

func TestDiffer(t *testing.T) {
	for _, c := range []struct{ fleet, member, want string }{
		{poolA, poolA + poolB, `only they have "pool b: ketama", "primary 4 of b", "backup 5 of b"`},
		{poolA + poolB, poolA, `they lack "pool b: ketama", "primary 4 of b", "backup 5 of b"`},
		{poolB, poolA, `only they have "pool a: ketama", "primary 1 of a", "primary 2 of a" and 1 more, ` +
			`and they lack "pool b: ketama", "primary 4 of b", "backup 5 of b"`},
		{poolA + poolB, poolB + poolA, "they stand in another order"},
	} {
		if got := differ([]byte(c.fleet), []byte(c.member)); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}
