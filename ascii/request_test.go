package ascii

import "testing"

// TestComplete compares requests, and the lines made from them, with what the command says.
func TestComplete(t *testing.T) {
	for _, tt := range []struct {
		in            string
		op            Op
		key           string
		keys          int
		quiet         bool
		exptime       int64
		flags         string // letters that must be in Meta; "-" for none at all
		body          string
		head          string // AppendHead; empty: the line as it is
		unconditional string // AppendUnconditional; empty: like head
		shape         Shape
	}{
		{in: "get k\r\n", op: OpGet, key: "k", keys: 1, shape: ShapeValues},
		{in: "get k\n", op: OpGet, key: "k", keys: 1, head: "get k\r\n", shape: ShapeValues},
		{in: "  get  k \r\n", op: OpGet, key: "k", keys: 1, head: "get k\r\n", shape: ShapeValues},
		{in: "get k noreply\r\n", op: OpGet, key: "k", keys: 2, shape: ShapeValues},
		{in: "gets a b  c \r\n", op: OpGets, key: "a", keys: 3, head: "gets a b c\r\n", shape: ShapeValues},
		{in: "get " + key250 + "\r\n", op: OpGet, key: key250, keys: 1, shape: ShapeValues},
		{in: "get \x80\xff\r\n", op: OpGet, key: "\x80\xff", keys: 1, shape: ShapeValues},
		{in: "gat 10 k\r\n", op: OpGat, key: "k", keys: 1, exptime: 10, shape: ShapeValues},
		{in: "gats -1 a b\r\n", op: OpGats, key: "a", keys: 2, exptime: -1, shape: ShapeValues},
		{
			in: "gat 4294967297 k\r\n", op: OpGat, key: "k", keys: 1, exptime: 1, head: "gat 1 k\r\n",
			shape: ShapeValues,
		},
		{
			in: "gat 9223372036854775807 k\r\n", op: OpGat, key: "k", keys: 1, exptime: -1, head: "gat -1 k\r\n",
			shape: ShapeValues,
		},
		{in: "gat -9223372036854775808 k\r\n", op: OpGat, key: "k", keys: 1, head: "gat 0 k\r\n", shape: ShapeValues},

		{in: "set k 0 0 1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1},
		{in: "set k 0 0 1\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, head: "set k 0 0 1\r\n"},
		{in: "set k 0 0 0\r\n", body: "\r\n", op: OpSet, key: "k", keys: 1},
		{in: "set k 0 0 2\r\n", body: "\r\n\r\n", op: OpSet, key: "k", keys: 1},
		{in: "set k 1 -1 1\r\n", body: "\x00\r\n", op: OpSet, key: "k", keys: 1, exptime: -1},
		{
			in: "set k 0 0 1 noreply\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, quiet: true,
			head: "set k 0 0 1\r\n",
		},
		{
			in: "set k 0 0 1 noreply  \n", body: "A\r\n", op: OpSet, key: "k", keys: 1, quiet: true,
			head: "set k 0 0 1\r\n",
		},
		{in: "set k 0 0 1 NOREPLY\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, head: "set k 0 0 1\r\n"},
		{in: "set k  +5 +0 +1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, head: "set k 5 0 1\r\n"},
		{
			in: "set k 4294967295 4294967297 1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, exptime: 1,
			head: "set k 4294967295 1 1\r\n",
		},
		{in: "set k 2147483647 2147483647 1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, exptime: 2147483647},
		{in: "set k 0 -2147483648 1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, exptime: -2147483648},
		{
			in: "set k -18446744073709551615 0 1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1,
			head: "set k 1 0 1\r\n",
		},
		{in: "set k -0 -0 -0\r\n", body: "\r\n", op: OpSet, key: "k", keys: 1, head: "set k 0 0 0\r\n"},
		{in: "set k 0 0 0000000000001\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, head: "set k 0 0 1\r\n"},
		{in: "set k 00 007 1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, exptime: 7, head: "set k 0 7 1\r\n"},
		{in: "set k 0 0 1 \r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, head: "set k 0 0 1\r\n"},
		{in: " set k 0 0 1\r\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, head: "set k 0 0 1\r\n"},
		{in: "set k 0  0 1\n", body: "A\r\n", op: OpSet, key: "k", keys: 1, head: "set k 0 0 1\r\n"},
		{in: "add k 0 0 1\r\n", body: "A\r\n", op: OpAdd, key: "k", keys: 1},
		{in: "replace k 0 0 1\r\n", body: "A\r\n", op: OpReplace, key: "k", keys: 1},
		{in: "append k 0 0 1\r\n", body: "A\r\n", op: OpAppend, key: "k", keys: 1},
		{in: "prepend k 0 0 1\r\n", body: "A\r\n", op: OpPrepend, key: "k", keys: 1},
		{
			in: "cas k 7 60 1 18446744073709551615\r\n", body: "A\r\n", op: OpCAS, key: "k", keys: 1, exptime: 60,
			unconditional: "set k 7 60 1\r\n",
		},
		{
			in: " cas k 7  60 1 5 noreply\r\n", body: "A\r\n", op: OpCAS, key: "k", keys: 1, exptime: 60, quiet: true,
			head: "cas k 7 60 1 5\r\n", unconditional: "set k 7 60 1\r\n",
		},

		{in: "delete k\r\n", op: OpDelete, key: "k", keys: 1},
		{in: "delete noreply\r\n", op: OpDelete, key: "noreply", keys: 1},
		{in: "delete k 0\r\n", op: OpDelete, key: "k", keys: 1, head: "delete k\r\n"},
		{in: "delete k noreply\r\n", op: OpDelete, key: "k", keys: 1, quiet: true, head: "delete k\r\n"},
		{
			in: "delete noreply noreply\r\n", op: OpDelete, key: "noreply", keys: 1, quiet: true,
			head: "delete noreply\r\n",
		},
		{in: "delete k 0 noreply\r\n", op: OpDelete, key: "k", keys: 1, quiet: true, head: "delete k\r\n"},
		{in: "incr k 18446744073709551615\r\n", op: OpIncr, key: "k", keys: 1},
		{in: "decr k 1 noreply\r\n", op: OpDecr, key: "k", keys: 1, quiet: true, head: "decr k 1\r\n"},
		{in: "incr k 1 x\r\n", op: OpIncr, key: "k", keys: 1, head: "incr k 1\r\n"},
		{in: "  incr  k +01\n", op: OpIncr, key: "k", keys: 1, head: "incr k 1\r\n"},
		{in: "delete  k\n", op: OpDelete, key: "k", keys: 1, head: "delete k\r\n"},
		{in: "touch k -5\r\n", op: OpTouch, key: "k", keys: 1, exptime: -5},
		{in: "touch k -05\r\n", op: OpTouch, key: "k", keys: 1, exptime: -5, head: "touch k -5\r\n"},
		{in: "touch k 5 noreply\r\n", op: OpTouch, key: "k", keys: 1, exptime: 5, quiet: true, head: "touch k 5\r\n"},

		{in: "flush_all\r\n", op: OpFlushAll},
		{in: "flush_all noreply\r\n", op: OpFlushAll, quiet: true, head: "flush_all\r\n"},
		{in: "flush_all 10\r\n", op: OpFlushAll, exptime: 10},
		{in: "flush_all -10 0\r\n", op: OpFlushAll, exptime: -10, head: "flush_all\r\n"},
		{in: "flush_all 0\r\n", op: OpFlushAll, head: "flush_all\r\n"},
		{in: "flush_all 10 noreply\r\n", op: OpFlushAll, exptime: 10, quiet: true, head: "flush_all 10\r\n"},
		{in: "verbosity 1\r\n", op: OpVerbosity},
		{in: "verbosity 1 noreply\r\n", op: OpVerbosity, quiet: true, head: "verbosity 1\r\n"},
		{in: "version x\r\n", op: OpVersion, head: "version\r\n"},
		{in: "stats\r\n", op: OpStats, shape: ShapeStats},
		{in: "stats items\r\n", op: OpStats, shape: ShapeStats},
		{in: "quit x\r\n", op: OpQuit, head: "quit\r\n"},

		{in: "mg k\r\n", op: OpMetaGet, key: "k", keys: 1, flags: "-", shape: ShapeMeta},
		{in: "mg k v k Oq1\r\n", op: OpMetaGet, key: "k", keys: 1, flags: "vkO", shape: ShapeMeta},
		{
			in: "mg q  v q k\n", op: OpMetaGet, key: "q", keys: 1, quiet: true, flags: "vqk", head: "mg q v k\r\n",
			shape: ShapeMeta,
		},
		{
			in: " mg  k R030 T+5 C007 O\r\n", op: OpMetaGet, key: "k", keys: 1, flags: "RTCO",
			head: "mg k R30 T5 C7 O\r\n", unconditional: "mg k R30 T5 O\r\n", shape: ShapeMeta,
		},
		{
			in: "mg k Lpath/x P v\r\n", op: OpMetaGet, key: "k", keys: 1, flags: "LPv", head: "mg k v\r\n",
			shape: ShapeMeta,
		},
		{in: "mg Zm9v b k\r\n", op: OpMetaGet, key: "foo", keys: 1, flags: "bk", shape: ShapeMeta},
		{in: "mg Zm8K v b\r\n", op: OpMetaGet, key: "fo\n", keys: 1, flags: "bv", shape: ShapeMeta},
		{in: "mg Zn== b\r\n", op: OpMetaGet, key: "f", keys: 1, flags: "b", head: "mg Zg== b\r\n", shape: ShapeMeta},
		{
			in: "mg k c f h k l O1 s t u v E1 N1 R1 T1 C1 q L\r\n", op: OpMetaGet, key: "k", keys: 1, quiet: true,
			flags: "cfL", head: "mg k c f h k l O1 s t u v E1 N1 R1 T1 C1\r\n",
			unconditional: "mg k c f h k l O1 s t u v E1 N1 R1 T1\r\n", shape: ShapeMeta,
		},
		{in: "ms k 1\r\n", body: "A\r\n", op: OpMetaSet, key: "k", keys: 1, flags: "-", shape: ShapeMeta},
		{
			in: "ms q 1 q C5 T0\r\n", body: "A\r\n", op: OpMetaSet, key: "q", keys: 1, quiet: true, flags: "qCT",
			head: "ms q 1 C5 T0\r\n", unconditional: "ms q 1 T0\r\n", shape: ShapeMeta,
		},
		{
			in: "ms C 1 C5\r\n", body: "A\r\n", op: OpMetaSet, key: "C", keys: 1, flags: "C",
			unconditional: "ms C 1\r\n", shape: ShapeMeta,
		},
		{in: "ms Zm8K 1 b k\r\n", body: "A\r\n", op: OpMetaSet, key: "fo\n", keys: 1, flags: "bk", shape: ShapeMeta},
		{
			in: "ms aw== 1 c C5 E6 F7 I k O8 q s T-1 MA N9 L P b\r\n", body: "A\r\n", op: OpMetaSet, key: "k", keys: 1,
			quiet: true, flags: "cCFIkOqsTMNLPb", head: "ms aw== 1 c C5 E6 F7 I k O8 s T-1 MA N9 b\r\n",
			unconditional: "ms aw== 1 c E6 F7 I k O8 s T-1 MA N9 b\r\n", shape: ShapeTokenMeta,
		},
		{
			in: "  ms  k +01 F07 T0000000000000000000000000000005 \n", body: "A\r\n", op: OpMetaSet, key: "k", keys: 1,
			flags: "FT", head: "ms k 1 F7 T5\r\n", shape: ShapeMeta,
		},
		{
			in: "md k C9 q\r\n", op: OpMetaDelete, key: "k", keys: 1, quiet: true, flags: "Cq", head: "md k C9\r\n",
			unconditional: "md k\r\n", shape: ShapeMeta,
		},
		{in: "ma k D3 MD\r\n", op: OpMetaArith, key: "k", keys: 1, flags: "DM", shape: ShapeMeta},
		{in: "  mn x\r\n", op: OpMetaNoop, head: "mn\r\n", shape: ShapeMeta},
		{in: "me k q q\r\n", op: OpMetaDebug, key: "k", keys: 1, flags: "-", head: "me k\r\n", shape: ShapeMeta},
		{
			in: "  me Zm9v b\r\n", op: OpMetaDebug, key: "foo", keys: 1, flags: "b", head: "me Zm9v b\r\n",
			shape: ShapeMeta,
		},
		{
			in: "me Zm9v q b\r\n", op: OpMetaDebug, key: "Zm9v", keys: 1, flags: "-", head: "me Zm9v\r\n",
			shape: ShapeMeta,
		},
		{
			in: "me Zm9v bx\r\n", op: OpMetaDebug, key: "Zm9v", keys: 1, flags: "-", head: "me Zm9v\r\n",
			shape: ShapeMeta,
		},
	} {
		t.Run(name(tt.in), func(t *testing.T) {
			in := []byte(tt.in + tt.body + "next")
			var r Request
			n, st := Next(in, testLimits, &r)
			if st != Complete || n != len(tt.in+tt.body) {
				t.Fatalf("n %d, %v, reply %q", n, st, r.Reply)
			}
			if r.Op != tt.op || string(r.Key) != tt.key || r.NumKeys != tt.keys || r.Quiet != tt.quiet ||
				r.Exptime != tt.exptime {
				t.Errorf("op %d, key %q, keys %d, quiet %v, exptime %d", r.Op, r.Key, r.NumKeys, r.Quiet, r.Exptime)
			}
			if string(r.Head) != tt.in || string(r.Body) != tt.body || string(r.Raw) != tt.in+tt.body {
				t.Errorf("head %q, body %q, raw %q", r.Head, r.Body, r.Raw)
			}
			for _, c := range []byte(tt.flags) {
				if c == '-' && r.Meta != 0 || c != '-' && !r.Meta.Has(c) {
					t.Errorf("flags %b, want %q", r.Meta, tt.flags)
				}
			}
			head, unconditional := tt.head, tt.unconditional
			if head == "" {
				head = tt.in
			}
			if unconditional == "" {
				unconditional = head
			}
			if got := AppendHead([]byte(">"), &r); string(got) != ">"+head {
				t.Errorf("AppendHead: %q, want %q", got, head)
			}
			if got := AppendUnconditional([]byte(">"), &r); string(got) != ">"+unconditional {
				t.Errorf("AppendUnconditional: %q, want %q", got, unconditional)
			}
			if r.Shape() != tt.shape {
				t.Errorf("shape %d, want %d", r.Shape(), tt.shape)
			}
		})
	}
}

func TestNextKey(t *testing.T) {
	var r Request
	Next([]byte("get  a  bb ccc  \r\n"), testLimits, &r)
	var got []string
	for key, rest := NextKey(r.Keys); len(key) > 0; key, rest = NextKey(rest) {
		got = append(got, string(key))
	}
	if len(got) != 3 || got[0] != "a" || got[1] != "bb" || got[2] != "ccc" || r.NumKeys != 3 {
		t.Errorf("%q, NumKeys %d", got, r.NumKeys)
	}
}

func TestArgs(t *testing.T) {
	for in, want := range map[string]string{
		"stats\r\n": "", "stats  cachedump 1  2 \r\n": "cachedump 1  2", "verbosity 1 noreply\n": "1 noreply",
	} {
		var r Request
		if _, st := Next([]byte(in), testLimits, &r); st != Complete || string(r.Args) != want {
			t.Errorf("%q: %v %q", in, st, r.Args)
		}
	}
}

// TestReuse looks for remains of one request in the next.
func TestReuse(t *testing.T) {
	var r Request
	for _, in := range []string{
		"ms k 1 q k Oabc\r\nA\r\n", "set k 0 0 99999999\r\n", "set k 0 0 5\r\n", "gat 5 a b\r\n", "stats x\r\n",
		"get \x01\r\n",
	} {
		Next([]byte(in), testLimits, &r)
		Next([]byte("mn\r\n"), testLimits, &r)
		if r.Quiet || r.Key != nil || r.Keys != nil || r.NumKeys != 0 || r.Body != nil || r.Meta != 0 ||
			r.Exptime != 0 ||
			r.Args != nil || r.Reply != nil || r.Skip.Pending() || r.Flags != 0 || r.Delta != 0 || r.token != 0 ||
			r.hasToken || r.Oversize || r.Need != 0 || r.control {
			t.Errorf("after %q: %+v", in, r)
		}
	}
}

func TestMetaFlags(t *testing.T) {
	var seen MetaFlags
	for c := range 256 {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		flag := metaFlag(byte(c))
		if letter != (flag != 0) || seen&flag != 0 {
			t.Errorf("flag of %q is %b", rune(c), flag)
		}
		seen |= flag
	}
}
