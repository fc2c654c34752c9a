package failover

import "testing"

func TestIdentity(t *testing.T) {
	a, b := Identity{1, 1000}, Identity{1, 1001}
	for _, id := range []Identity{a, b} {
		if got := ParseIdentity(id.String()); got != id {
			t.Errorf("%v is read as %v", id, got)
		}
	}
	for _, s := range []string{"", "unknown", "5", "x@y"} {
		if id := ParseIdentity(s); id != (Identity{}) {
			t.Errorf("%q is read as %v", s, id)
		}
	}
	marks := map[uint64]bool{}
	for _, m := range []uint64{a.Mark("s1"), a.Mark("s2"), b.Mark("s1")} {
		if m == 0 || m >= 1<<markBits || marks[m] {
			t.Errorf("mark %d, after %v", m, marks)
		}
		marks[m] = true
	}
	if a.Mark("s1") != (Identity{1, 1000}).Mark("s1") || (Identity{}).Mark("s1") != 0 {
		t.Error("a mark is the same for the same server, and 0 for one that is not known")
	}
}
