package ascii

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// nobody stands in place of a reply.
const nobody = math.MaxUint16

// TestMergeValuesAgainstModel compares MergeValues with the simple way: to look up each key in the reply of its owner.
func TestMergeValuesAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := rapid.IntRange(1, 4).Draw(t, "servers")
		keys := rapid.SliceOfN(rapid.StringMatching(`[a-c]{1,2}`), 1, 20).Draw(t, "keys")
		cas := rapid.Bool().Draw(t, "cas")
		owners, hits := map[string]int{}, map[string]string{}
		replies := make([][]byte, servers)
		var owner []uint16
		var want strings.Builder
		for _, key := range keys {
			o, known := owners[key]
			if !known {
				// Below servers: a fragment; servers: a fragment without an answer; nobody: nobody was asked.
				o = rapid.SampledFrom([]int{0, servers - 1, servers / 2, servers, nobody}).Draw(t, "owner of "+key)
				owners[key] = o
				if rapid.IntRange(0, 3).Draw(t, "hit") > 0 {
					values := []string{"", "x", "END\r\n", "VALUE a 0 1\r\ny\r\n", "long value\r\n"}
					value := rapid.SampledFrom(values).Draw(t, "value")
					hits[key] = fmt.Sprintf("VALUE %s 7 %d\r\n%s\r\n", key, len(value), value)
					if cas {
						hits[key] = fmt.Sprintf("VALUE %s 7 %d 99\r\n%s\r\n", key, len(value), value)
					}
				}
			}
			owner = append(owner, uint16(o))
			if o < servers {
				replies[o] = append(replies[o], hits[key]...) // a server answers in the order of its keys
				want.WriteString(hits[key])
			}
		}
		for i := range replies {
			replies[i] = append(replies[i], "END\r\n"...)
		}
		separator := rapid.SampledFrom([]string{" ", "  "}).Draw(t, "separator")
		got := string(MergeValues([]byte("before "),
			[]byte(strings.Join(keys, separator)+strings.Repeat(" ", len(separator)-1)), owner, replies))
		if want := "before " + want.String() + "END\r\n"; got != want {
			t.Fatalf("keys %q of %v:\ngot  %q\nwant %q", keys, owner, got, want)
		}
	})
}

func TestMergeValues(t *testing.T) {
	for name, c := range map[string]struct {
		keys    string
		owner   []uint16
		replies []string
		want    string
	}{
		"all missed": {"a b", []uint16{0, 1}, []string{"END\r\n", "END\r\n"}, "END\r\n"},
		"in order of keys": {
			"b a",
			[]uint16{1, 0},
			[]string{"VALUE a 0 1\r\n1\r\nEND\r\n", "VALUE b 0 1\r\n2\r\nEND\r\n"},
			"VALUE b 0 1\r\n2\r\nVALUE a 0 1\r\n1\r\nEND\r\n",
		},
		"asked twice": {
			"a a",
			[]uint16{0, 0},
			[]string{"VALUE a 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\nEND\r\n"},
			"VALUE a 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\nEND\r\n",
		},
		"no reply": {"a b", []uint16{0, nobody}, []string{""}, "END\r\n"},
		"a prefix of the next key": {
			"a ab",
			[]uint16{0, 0},
			[]string{"VALUE ab 0 0\r\n\r\nEND\r\n"},
			"VALUE ab 0 0\r\n\r\nEND\r\n",
		},
	} {
		var replies [][]byte
		for _, r := range c.replies {
			replies = append(replies, []byte(r))
		}
		if got := string(MergeValues(nil, []byte(c.keys), c.owner, replies)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
