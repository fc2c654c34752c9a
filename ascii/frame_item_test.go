package ascii

import (
	"strings"
	"testing"
)

// TestFrameItems puts the parts of a reply together again, wherever its bytes were cut.
func TestFrameItems(t *testing.T) {
	for _, parts := range [][]string{
		{"END\r\n"},
		{"VALUE a 0 1\r\nx\r\n", "END\r\n"},
		{"VALUE a 0 0\r\n\r\n", "VALUE b 7 5\r\nEND\r\n\r\n", "VALUE c 0 2\r\n\r\n\r\n", "END\r\n"},
		{"VALUE a 0 1 99\r\nx\r\n", "SERVER_ERROR out of memory writing get response\r\n"},
		{"ERROR\r\n"},
	} {
		all := strings.Join(parts, "")
		for cut := range len(all) + 1 {
			var f Framer
			data := all[:cut]
			for i := 0; i < len(parts); {
				var r Reply
				n, need, ok := f.NextItem([]byte(data), &r)
				if !ok {
					t.Fatalf("%q cut at %d: part %d is refused", all, cut, i)
				}
				if n == 0 {
					if data == all || need > len(all) {
						t.Fatalf("%q cut at %d: part %d is not found, %d bytes needed", all, cut, i, need)
					}
					data = all[len(all)-len(strings.Join(parts[i:], "")):]
					continue
				}
				block := strings.HasPrefix(parts[i], "VALUE")
				if string(r.Raw) != parts[i] || n != len(parts[i]) || block != (r.Hits == 1) ||
					(r.Kind == Values) != (block || parts[i] == "END\r\n") {
					t.Fatalf("%q cut at %d: part %d is %+v, want %q", all, cut, i, r, parts[i])
				}
				data = data[n:]
				i++
			}
		}
	}
}

func TestFrameItemRefuses(t *testing.T) {
	for _, in := range []string{"STORED\r\n", "VALUE a 0 1\r\nxyz", "VALUE a\r\n", "\r\n"} {
		var f Framer
		if n, _, ok := f.NextItem([]byte(in), &Reply{}); ok {
			t.Errorf("%q: %d bytes are taken", in, n)
		}
	}
}
