package owner

import (
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/placement"
)

// A group is at home on the host of its primary if exactly one member is there. The other groups of a pool are spread.
func TestHomes(t *testing.T) {
	for _, c := range []struct{ members, primaries, want string }{
		{"a=10.0.0.1:1,b=10.0.0.2:1,c=10.0.0.3:1", "10.0.0.3:1 10.0.0.1:1 10.0.0.2:1", "c a b"},
		{"a=10.0.0.1:1,b=[fd00::2]:1,c=cache3:1", "cache3:1 [fd00:0::2]:1 [::ffff:10.0.0.1]:1", "c b a"},
		{"a=10.0.0.1:1,b=10.0.0.2:1,c=10.0.0.3:1", "10.0.0.1:1 10.0.0.1:2 10.0.0.9:1 10.0.0.9:2", "a a b c"},
		{"a=h:1,b=h:2,c=i:1", "h:11 h:12 i:11", "a b c"}, // two on one host
		{"a=h:1,b=i:1,c=j:1/witness", "j:1 j:2 j:3", "a b a"},
		{"a=h:1,b=i:1", "i:1", "b"},
		{"a=h:1,b=i:1", "j:1", "-"},                      // one group stays where it is
		{"a=h:1,b=i:1", "/tmp/h /tmp/i /tmp/j", "a b a"}, // each host has such a path
	} {
		members, err := config.ParseFleet(c.members)
		if err != nil {
			t.Fatal(err)
		}
		whole := config.Pool{Name: "main", Distribution: "ketama"}
		for text := range strings.FieldsSeq(c.primaries) {
			a, err := config.ParseAddress(text)
			if err != nil {
				t.Fatal(err)
			}
			whole.Servers = append(whole.Servers, a)
		}
		pools := []*config.Pool{&whole}
		groups := placement.Groups(&whole)
		for i := range groups {
			pools = append(pools, &groups[i])
		}
		f := ownerOf(t, pools...)
		f.o.Fleet.Members = members
		var got []string
		for _, g := range f.groups() {
			if g.Home == "" {
				g.Home = "-"
			}
			got = append(got, g.Home)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s in front of %s: %s, want %s", c.members, c.primaries, text, c.want)
		}
	}
}
