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
	tags := map[uint64]bool{}
	for _, m := range []uint64{a.CasTag("s1"), a.CasTag("s2"), b.CasTag("s1")} {
		if m == 0 || m >= 1<<tagBits || tags[m] {
			t.Errorf("tag %d, after %v", m, tags)
		}
		tags[m] = true
	}
	if a.CasTag("s1") != (Identity{1, 1000}).CasTag("s1") || (Identity{}).CasTag("s1") != 0 {
		t.Error("a tag is the same for the same server, and 0 for one that is not known")
	}
}
