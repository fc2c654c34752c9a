package ascii

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestFrame(t *testing.T) {
	for _, tt := range []struct {
		in     string
		shape  Shape
		kind   Kind
		number uint64
		hits   int
	}{
		{in: "STORED\r\n", kind: Stored},
		{in: "NOT_STORED\r\n", kind: NotStored},
		{in: "EXISTS\r\n", kind: Exists},
		{in: "NOT_FOUND\r\n", kind: NotFound},
		{in: "DELETED\r\n", kind: Deleted},
		{in: "TOUCHED\r\n", kind: Touched},
		{in: "OK\r\n", kind: OK},
		{in: "VERSION 1.6.18\r\n", kind: Version},
		{in: "ERROR\r\n", kind: Error},
		{in: "ERROR too odd\r\n", kind: Error},
		{in: "CLIENT_ERROR bad data chunk\r\n", kind: ClientError},
		{in: "SERVER_ERROR out of memory\r\n", kind: ServerError},
		{in: "0\r\n", kind: Number},
		{in: "18446744073709551615\r\n", kind: Number, number: 18446744073709551615},
		{in: "9 \r\n", kind: Number, number: 9},
		{in: "10    \r\n", kind: Number, number: 10},

		{in: "END\r\n", shape: ShapeValues, kind: Values},
		{in: "VALUE k 0 0\r\n\r\nEND\r\n", shape: ShapeValues, kind: Values, hits: 1},
		{
			in: "VALUE k 4294967295 5 18446744073709551615\r\nEND\r\n\r\nEND\r\n", shape: ShapeValues, kind: Values,
			hits: 1,
		},
		{
			in: "VALUE k 0 1\r\n\n\r\nVALUE " + key250 + " 1 2 3\r\n\r\n\r\nEND\r\n", shape: ShapeValues, kind: Values,
			hits: 2,
		},
		{in: "SERVER_ERROR out of memory writing get response\r\n", shape: ShapeValues, kind: ServerError},
		{in: "CLIENT_ERROR bad command line format\r\n", shape: ShapeValues, kind: ClientError},
		{in: "ERROR\r\n", shape: ShapeValues, kind: Error},

		{in: "HD\r\n", shape: ShapeMeta, kind: MetaHD},
		{in: "HD c3 kk Oxy\r\n", shape: ShapeMeta, kind: MetaHD},
		{in: "VA 1\r\nA\r\n", shape: ShapeMeta, kind: MetaVA},
		{in: "VA 4 t-1 W\r\nHD\r\n\r\n", shape: ShapeMeta, kind: MetaVA},
		{in: "VA 0 k\r\n\r\n", shape: ShapeMeta, kind: MetaVA},
		{in: "EN\r\n", shape: ShapeMeta, kind: MetaEN},
		{in: "NF kk\r\n", shape: ShapeMeta, kind: MetaNF},
		{in: "NS\r\n", shape: ShapeMeta, kind: MetaNS},
		{in: "EX\r\n", shape: ShapeMeta, kind: MetaEX},
		{in: "MN\r\n", shape: ShapeMeta, kind: MetaMN},
		{in: "ME k exp=-1 la=0 cas=14 fetch=no cls=1 size=61\r\n", shape: ShapeMeta, kind: MetaME},
		{in: "ERROR\r\n", shape: ShapeMeta, kind: Error},
		{in: "CLIENT_ERROR invalid flag\r\n", shape: ShapeMeta, kind: ClientError},
		{in: "SERVER_ERROR object too large for cache\r\n", shape: ShapeMeta, kind: ServerError},

		{in: "OK \r\n", shape: ShapeOldMeta, kind: MetaHD},
		{in: "OK  kb O1\r\n", shape: ShapeOldMeta, kind: MetaHD},
		{in: "NF  kb O1\r\n", shape: ShapeOldMeta, kind: MetaNF},
		{in: "VA 2 f5\r\nOK\r\n", shape: ShapeOldMeta, kind: MetaVA},

		{in: "END\r\n", shape: ShapeStats, kind: Lines},
		{in: "STAT pid 1\r\nSTAT version END\r\nEND\r\n", shape: ShapeStats, kind: Lines},
		{in: "ITEM nn [1 b; 0 s]\r\nEND\r\n", shape: ShapeStats, kind: Lines},
		{in: "PREFIX a get 1 hit 0 set 0 del 0\r\nEND\r\n", shape: ShapeStats, kind: Lines},
		{in: "RESET\r\n", shape: ShapeStats, kind: OK},
		{in: "OK\r\n", shape: ShapeStats, kind: OK},
		{in: "ERROR\r\n", shape: ShapeStats, kind: Error},
		{in: "CLIENT_ERROR usage: stats detail on|off|dump\r\n", shape: ShapeStats, kind: ClientError},
	} {
		t.Run(name(tt.in), func(t *testing.T) {
			check := func(f *Framer, buf []byte) {
				t.Helper()
				r := Reply{Kind: Lines, Number: 99, Hits: 99}
				n, _, ok := f.Next(buf, tt.shape, &r)
				if n != len(tt.in) || !ok || r.Kind != tt.kind || r.Number != tt.number || r.Hits != tt.hits ||
					string(r.Raw) != tt.in {
					t.Errorf("n %d, %v, %+v", n, ok, r)
				}
				if *f != (Framer{}) {
					t.Errorf("framer is not reset: %+v", *f)
				}
			}
			var f Framer
			check(&f, []byte(tt.in+"STORED\r\nEND\r\n"))
			for i := range len(tt.in) { // in two pieces
				n, need, ok := f.Next([]byte(tt.in[:i]), tt.shape, &Reply{})
				if n != 0 || !ok || need != 0 && (need <= i || need > len(tt.in)) {
					t.Fatalf("%d bytes: n %d, need %d, %v", i, n, need, ok)
				}
				check(&f, []byte(tt.in))
			}
		})
	}
}

func TestFrameRefuses(t *testing.T) {
	long := strings.Repeat("x", maxReplyLine)
	for _, tt := range []struct {
		in    string
		shape Shape
	}{
		{"\r\n", ShapeLine},
		{"\n", ShapeLine},
		{"STORED\n", ShapeLine},
		{"STORED \r\n", ShapeLine},
		{"stored\r\n", ShapeLine},
		{"STOREDX\r\n", ShapeLine},
		{"HD\r\n", ShapeLine},
		{"END\r\n", ShapeLine},
		{"VALUE k 0 1\r\nA\r\nEND\r\n", ShapeLine},
		{"ERRORS\r\n", ShapeLine},
		{"CLIENT_ERROR x\n", ShapeLine},
		{"1x\r\n", ShapeLine},
		{"1 x\r\n", ShapeLine},
		{" 1\r\n", ShapeLine},
		{"-1\r\n", ShapeLine},
		{"18446744073709551616\r\n", ShapeLine},
		{long, ShapeLine},
		{"CLIENT_ERROR " + long + "\r\n", ShapeLine},

		{"OK \r\n", ShapeMeta},
		{"OK\r\n", ShapeMeta},
		{"OKAY\r\n", ShapeOldMeta},

		{"\r\n", ShapeValues},
		{"STORED\r\n", ShapeValues},
		{"HD\r\n", ShapeValues},
		{"END \r\n", ShapeValues},
		{"VALUE\r\n", ShapeValues},
		{"VALUE k\r\n", ShapeValues},
		{"VALUE k 0\r\n", ShapeValues},
		{"VALUE  k 0 1\r\nA\r\n", ShapeValues},
		{"VALUE  0 1\r\nA\r\nEND\r\n", ShapeValues},
		{"VALUE k 0 -1\r\n", ShapeValues},
		{"VALUE \n 0 0\r\n\r\nEND\r\n", ShapeValues},
		{"VALUE k\x01 0 0\r\n\r\nEND\r\n", ShapeValues},
		{"VALUE k 0x1\r\nA\r\nEND\r\n", ShapeValues},
		{"VALUE k 0 1\rXA\r\nEND\r\n", ShapeValues},
		{"VALUE k x 1\r\nA\r\n", ShapeValues},
		{"VALUE k 0 x\r\nA\r\n", ShapeValues},
		{"VALUE k 0 1 x\r\nA\r\n", ShapeValues},
		{"VALUE k 0 1 \r\nA\r\n", ShapeValues},
		{"VALUE k 0 1 2 3\r\nA\r\n", ShapeValues},
		{"VALUE k 0 1x\r\nA\r\n", ShapeValues},
		{"VALUE k 0 1\nA\r\n", ShapeValues},
		{"VALUE " + key251 + " 0 1\r\nA\r\n", ShapeValues},
		{"VALUE k 0 2147483648\r\n", ShapeValues},
		{"VALUE k 0 18446744073709551615\r\n", ShapeValues},
		{"VALUE k 0 18446744073709551617\r\nA\r\n", ShapeValues},
		{"VALUE k 0 1\r\nAxx", ShapeValues},
		{"VALUE k 0 1\r\nA\rx", ShapeValues},
		{"VALUE k 0 1\r\nAx\n", ShapeValues},
		{"VALUE k 0 1\r\nA\r\nSERVER_ERROR x\r\n", ShapeValues},
		{"VALUE " + long, ShapeValues},

		{"\r\n", ShapeMeta},
		{"H\r\n", ShapeMeta},
		{"HDx\r\n", ShapeMeta},
		{"HD k\n", ShapeMeta},
		{"XX\r\n", ShapeMeta},
		{"OK\r\n", ShapeMeta},
		{"STORED\r\n", ShapeMeta},
		{"VA\r\n", ShapeMeta},
		{"VA \r\n", ShapeMeta},
		{"VA x\r\n", ShapeMeta},
		{"VA -1\r\n", ShapeMeta},
		{"VA 1x\r\nA\r\n", ShapeMeta},
		{"VA 2147483648\r\n", ShapeMeta},
		{"VA 1\r\nAxx", ShapeMeta},
		{long, ShapeMeta},

		{"HD\r\n", ShapeStats},
		{"STAT a b\nEND\r\n", ShapeStats},
		{"STAT a b\r\nSTORED\r\n", ShapeStats},
		{"STAT a b\r\nERROR\r\n", ShapeStats},
		{"VALUE k 0 1\r\nA\r\nEND\r\n", ShapeStats},
		{"STAT " + long, ShapeStats},
	} {
		var f Framer
		if n, _, ok := f.Next([]byte(tt.in), tt.shape, &Reply{}); n != 0 || ok {
			t.Errorf("%s, shape %d: n %d, %v", name(tt.in), tt.shape, n, ok)
		}
	}
}

func TestFrameNeed(t *testing.T) {
	var f Framer
	var r Reply
	buf := []byte("VALUE k 0 1\r\nA\r\nVALUE k 0 1000\r\n")
	for range 2 { // asking again changes nothing
		if n, need, ok := f.Next(buf, ShapeValues, &r); n != 0 || need != len(buf)+1002 || !ok {
			t.Fatalf("n %d, need %d, %v", n, need, ok)
		}
	}
	buf = append(buf, make([]byte, 1000)...)
	buf = append(buf, "\r\nEND\r\n"...)
	if n, _, ok := f.Next(buf, ShapeValues, &r); n != len(buf) || !ok || r.Hits != 2 {
		t.Fatalf("n %d, %v, hits %d", n, ok, r.Hits)
	}
	if _, _, ok := f.Next(buf[:3], ShapeValues, &r); !ok {
		t.Fatal("3 bytes of VALUE")
	}
	if _, _, ok := f.Next(buf[:2], ShapeValues, &r); ok {
		t.Error("a buffer that has become shorter goes unnoticed")
	}
}

// TestFrameBytewise feeds a large reply byte by byte. It takes minutes if every call starts from the beginning.
func TestFrameBytewise(t *testing.T) {
	var in []byte
	for i := range 5000 {
		in = fmt.Appendf(in, "VALUE key%d 0 20 7\r\n%s\r\n", i, "01234567890123456789")
	}
	in = append(in, "END\r\n"...)
	var f Framer
	var r Reply
	for i := range in {
		if n, _, ok := f.Next(in[:i], ShapeValues, &r); n != 0 || !ok {
			t.Fatalf("at %d: n %d, %v", i, n, ok)
		}
	}
	if n, _, ok := f.Next(in, ShapeValues, &r); n != len(in) || !ok || r.Hits != 5000 {
		t.Errorf("n %d, %v, hits %d", n, ok, r.Hits)
	}
}

func TestNextValue(t *testing.T) {
	blocks := []string{"VALUE a 0 5\r\nEND\r\n\r\n", "VALUE bb 1 0 99\r\n\r\n", "VALUE " + key250 + " 2 1\r\nx\r\n"}
	rest := []byte(strings.Join(blocks, "") + "END\r\n")
	for _, want := range blocks {
		var key, block []byte
		key, block, rest = NextValue(rest)
		if string(block) != want || string(key) != strings.Fields(want)[1] {
			t.Errorf("key %q, block %q, want %q", key, block, want)
		}
		for _, other := range [][]byte{key[:len(key)-1], append(key, 'x'), []byte("b"), {}, []byte(key250)[1:]} {
			if block, rest, found := CutValue([]byte(want), other); found || block != nil || string(rest) != want {
				t.Errorf("%q in %q: %q %q %v", other, want, block, rest, found)
			}
		}
		block, after, found := CutValue([]byte(want+"END\r\n"), key)
		if string(block) != want || string(after) != "END\r\n" || !found {
			t.Errorf("%q in %q: %q %q %v", key, want, block, after, found)
		}
	}
	if key, _, _ := NextValue(rest); key != nil {
		t.Errorf("key %q at END", key)
	}
	for _, bad := range []string{
		"", "END\r\n", "VALUE", "VALUE k 0 5\r\n", "VALUE k 0 5\n12345\r\n",
		"VALUE k 0 5x\n12345\r\n", "VALUE k 0 5\r\n12345\r",
	} {
		if key, block, rest := NextValue([]byte(bad)); key != nil || block != nil || rest != nil {
			t.Errorf("%q: %q %q %q", bad, key, block, rest)
		}
		if block, rest, found := CutValue([]byte(bad), []byte("k")); block != nil || string(rest) != bad || found {
			t.Errorf("%q: %q %q %v", bad, block, rest, found)
		}
	}
}

// TestAllocs checks that nothing in this package allocates.
func TestAllocs(t *testing.T) {
	var r Request
	dst := make([]byte, 0, 1024)
	for _, in := range []string{
		"get a b c\r\n", "set k 0 0 1\r\nA\r\n", "cas k 0 0 1 5 noreply\r\nA\r\n", "mg Zm9v b q k\r\n",
		"ms Zm9v 1 b q C5\r\nA\r\n",
		"mg Zm9vx b\r\n", "ms " + strings.Repeat("!", 250) + " 1 b\r\n", "foo\r\n", "get a\x01\r\n",
		"delete k 0 noreply\r\n", "GET / HTTP/1.1\r\n",
		"incr n 1\r\n", "touch k 5\r\n", "flush_all 5\r\n", "verbosity 1\r\n", "stats a b\r\n",
	} {
		buf := []byte(in)
		allocs := testing.AllocsPerRun(10, func() {
			if _, st := Next(buf, testLimits, &r); st == Complete {
				dst = AppendHead(dst[:0], &r)
				dst = AppendUnconditional(dst[:0], &r)
				for key, rest := NextKey(r.Keys); len(key) > 0; key, rest = NextKey(rest) {
					dst = AppendTouch(dst[:0], key, 5)
					dst = AppendDelete(dst[:0], key)
					dst = AppendRetrieval(dst[:0], OpGat, 5)
				}
			}
		})
		if allocs != 0 {
			t.Errorf("%q: %v allocations", in, allocs)
		}
	}
	var f Framer
	var reply Reply
	value := bytes.Repeat([]byte("VALUE k 0 1\r\nA\r\n"), 3)
	for in, shape := range map[string]Shape{
		string(value) + "END\r\n": ShapeValues, "STORED\r\n": ShapeLine, "5 \r\n": ShapeLine,
		"VA 1 k\r\nA\r\n": ShapeMeta, "STAT a b\r\nEND\r\n": ShapeStats,
	} {
		buf := []byte(in)
		allocs := testing.AllocsPerRun(10, func() {
			f.Next(buf[:len(buf)-1], shape, &reply)
			f.Next(buf, shape, &reply)
			for key, _, rest := NextValue(reply.Raw); key != nil; key, _, rest = NextValue(rest) {
			}
		})
		if allocs != 0 {
			t.Errorf("%q: %v allocations", in, allocs)
		}
	}
}
