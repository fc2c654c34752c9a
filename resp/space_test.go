package resp

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
)

// TestNextLinear checks that no byte is parsed twice, and that the bytes of an argument are not searched.
func TestNextLinear(t *testing.T) {
	const args = 300_000
	in := append([]byte("*300000\r\n"), strings.Repeat("$1\r\nx\r\n", args)...)
	var r Request
	var p Progress
	for i := 1; i < len(in); i++ { // quadratic time would take hours
		if _, st := Next(in[:i], testLimits, &r, &p); st != Incomplete {
			t.Fatal(i, st)
		}
	}
	if cap(r.args) > keptArgs {
		t.Errorf("space for %d arguments before all have come", cap(r.args))
	}
	if n, st := Next(in, testLimits, &r, &p); n != len(in) || st != Complete || len(r.Args) != args ||
		len(r.Raw) != n {
		t.Fatal(n, st, len(r.Args))
	}
	limits := testLimits
	limits.MaxInline = 1 << 20
	long := bytes.Repeat([]byte{'1'}, limits.MaxInline)
	for _, head := range []string{"", "*", "*1\r\n"} {
		in, p := append([]byte(head), long...), Progress{}
		for i := range in {
			if _, st := Next(in[:i], limits, &r, &p); st != Incomplete {
				t.Fatal(head, i, st)
			}
		}
	}
}

// TestNextLooksOnce checks that bytes are not searched again for the end of a line: they may change meanwhile.
func TestNextLooksOnce(t *testing.T) {
	var r Request
	var p Progress
	Next([]byte("PING abc"), testLimits, &r, &p)
	if n, _ := Next([]byte("PI\nG abcd\n"), testLimits, &r, &p); n != 10 {
		t.Errorf("a request of %d", n)
	}
	var f Framer
	f.Next([]byte("+abcd"))
	if n, _, _ := f.Next([]byte("+\r\ncd\r\n")); n != 7 {
		t.Errorf("a reply of %d", n)
	}
}

func TestNextAllocs(t *testing.T) {
	for name, in := range map[string][]byte{
		"get":    []byte("*2\r\n$3\r\nGET\r\n$5\r\nhello\r\n"),
		"mset":   AppendCommand(nil, append([]string{"MSET"}, strings.Fields(strings.Repeat("k v ", 1000))...)...),
		"inline": []byte("SET \"a b\" 'c'\r\n"),
		"fatal":  []byte("*1\r\nx\r\n"),
		"http":   []byte("POST /\r\n"),
		"1GB":    gigabyte(t),
	} {
		var r Request
		var p Progress
		half := len(in) / 2
		limits := testLimits
		limits.MaxBulk = len(in)
		allocs := testing.AllocsPerRun(10, func() {
			Next(in[:half], limits, &r, &p)
			if _, st := Next(in, limits, &r, &p); st == Incomplete {
				t.Fatal(st)
			}
			if _, st := Next(in, limits, &r, &p); st == Incomplete {
				t.Fatal(st)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

// gigabyte returns a SET of that many zero bytes. They take no memory until they are written, and little time
// unless all of them are read.
func gigabyte(t *testing.T) []byte {
	t.Helper()
	const head, size = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000000\r\n", 1_000_000_000
	in, err := syscall.Mmap(-1, 0, len(head)+size+2, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(in) })
	copy(in, head)
	copy(in[len(in)-2:], "\r\n")
	return in
}

// TestRequestLetsGo checks that a Request keeps little memory after a large request, and no buffer of an earlier one.
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
