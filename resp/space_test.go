package resp

import (
	"bytes"
	"strings"
	"testing"
)

// TestNextLinear: what has been looked at is not looked at again, nor is what lies in an argument.
func TestNextLinear(t *testing.T) {
	const args = 300_000
	in := append([]byte("*300000\r\n"), strings.Repeat("$1\r\nx\r\n", args)...)
	var r Request
	var p Progress
	for i := 1; i < len(in); i++ { // quadratic time would be hours
		if _, st := Next(in[:i], testLimits, &r, &p); st != Incomplete {
			t.Fatal(i, st)
		}
	}
	if cap(r.args) > keptArgs {
		t.Errorf("space for %d arguments before all have come", cap(r.args))
	}
	if n, st := Next(in, testLimits, &r, &p); n != len(in) || st != Complete || len(r.Args) != args || len(r.Raw) != n {
		t.Fatal(n, st, len(r.Args))
	}
	long := bytes.Repeat([]byte{'1'}, testLimits.MaxInline)
	for _, head := range []string{"", "*", "*1\r\n"} {
		in, p := append([]byte(head), long...), Progress{}
		for i := range in {
			if _, st := Next(in[:i], testLimits, &r, &p); st != Incomplete {
				t.Fatal(head, i, st)
			}
		}
	}
}

func TestNextAllocs(t *testing.T) {
	big := append([]byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n"), make([]byte, 512<<20)...)
	big = append(big, "\r\n"...)
	for name, in := range map[string][]byte{
		"get":    []byte("*2\r\n$3\r\nGET\r\n$5\r\nhello\r\n"),
		"mset":   AppendCommand(nil, append([]string{"MSET"}, strings.Fields(strings.Repeat("k v ", 1000))...)...),
		"inline": []byte("SET \"a b\" 'c'\r\n"),
		"fatal":  []byte("*1\r\nx\r\n"),
		"http":   []byte("POST /\r\n"),
		"512MB":  big,
	} {
		var r Request
		var p Progress
		half := len(in) / 2
		allocs := testing.AllocsPerRun(10, func() {
			Next(in[:half], testLimits, &r, &p)
			if _, st := Next(in, testLimits, &r, &p); st == Incomplete {
				t.Fatal(st)
			}
			if _, st := Next(in, testLimits, &r, &p); st == Incomplete {
				t.Fatal(st)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

// TestRequestLetsGo: a Request keeps little after a large request, and no buffer of an earlier one.
func TestRequestLetsGo(t *testing.T) {
	var r Request
	large := AppendCommand(nil, append([]string{"DEL"}, strings.Fields(strings.Repeat("k ", 100_000))...)...)
	inline := strings.Repeat("k ", 30_000) + "\r\n"
	nextWhole(t, string(large), testLimits, &r)
	nextWhole(t, inline, testLimits, &r)
	if len(r.Args) != 30_000 || cap(r.args) < 30_000 || cap(r.inline) < len(inline) {
		t.Fatalf("%d arguments, space for %d, %d bytes", len(r.Args), cap(r.args), cap(r.inline))
	}
	nextWhole(t, "PING\r\n", testLimits, &r)
	nextWhole(t, "PING\r\n", testLimits, &r)
	if cap(r.args) > keptArgs || cap(r.inline) > keptInline {
		t.Errorf("space for %d arguments and %d bytes is kept", cap(r.args), cap(r.inline))
	}
	nextWhole(t, "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n", testLimits, &r)
	nextWhole(t, "*1\r\n$1\r\na\r\n", testLimits, &r)
	for i, arg := range r.args[:cap(r.args)] {
		if i >= 1 && arg != nil {
			t.Errorf("argument %d of an earlier request is kept", i)
		}
	}
}
