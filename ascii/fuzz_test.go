package ascii

import (
	"bytes"
	"testing"

	"magent/internal/testkit"
)

// FuzzNext parses any bytes, whole and as they grow from one split point to the next.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{
		"get a bb\r\nmn\r\n", "gat 5 a\n", "set k 0 0 3\r\nabc\r\n", "set k 0 0 1 noreply\r\nA\r\n",
		"cas k 1 2 1 5 noreply\r\nA\r\n",
		"set k\t0 0 0 5\r\nhello\r\n", "add k 0 0 9999999\r\nx", "delete k 0 noreply\r\n", "incr n 5\r\n",
		"touch k -1\r\n", "flush_all 5 noreply\r\n",
		"verbosity 1\r\n", "stats items\r\n", "version\r\nquit\r\n", "mg Zm9v b k q Ox\r\n",
		"ms Zm8K 2 b q C5 MA\r\nab\r\n", "md k I T5 q\r\n", "ma k N0 J5 D2\r\n", "me k\r\n",
		"GET / HTTP/1.1\r\n", "\x80\x00", "set k 0 0 4294967297\r\n",
	} {
		f.Add([]byte(seed), uint64(0x5555))
	}
	f.Fuzz(func(t *testing.T, in []byte, splits uint64) {
		lim := Limits{MaxLine: 4096, MaxValue: 1000}
		whole, grown := new(Request), new(Request)
		for range 100 {
			n, st := Next(in, lim, whole)
			checkRequest(t, in, n, st, whole)
			n2, st2 := testkit.Grow(in, splits, func(buf []byte) (int, bool, Status) {
				n, st := Next(buf, lim, grown)
				if st == Incomplete && grown.Need != 0 && grown.Need <= len(buf) {
					t.Fatalf("need %d of %d", grown.Need, len(buf))
				}
				return n, st != Incomplete, st
			})
			if n2 != n || st2 != st || st != Incomplete && !sameRequest(whole, grown) {
				t.Fatalf("%q: whole: %d %v %+v; grown: %d %v %+v", in, n, st, whole, n2, st2, grown)
			}
			if st != Complete && st != Refused {
				return
			}
			in = whole.Skip.Take(in[n:])
		}
	})
}

// checkRequest checks what must hold for every result of Next.
func checkRequest(t *testing.T, in []byte, n int, st Status, r *Request) {
	t.Helper()
	switch {
	case n < 0 || n > len(in) || (n > 0) != (st == Complete || st == Refused):
		t.Fatalf("%q: n %d, %v", in, n, st)
	case r.Skip.Bytes < 0 || r.Skip.Pending() && st == Complete || r.Oversize && r.Skip.Bytes == 0:
		t.Fatalf("%q: skip %+v, %v", in, r.Skip, st)
	case st == Incomplete:
		return
	case !r.Meta.Has('b') && r.Key != nil && !TextKey(r.Key):
		t.Fatalf("%q: key %q", in, r.Key)
	case st == Refused && len(r.Reply) > 0 && (!bytes.HasSuffix(r.Reply, []byte("\r\n")) ||
		bytes.Count(r.Reply, []byte("\n")) != 1):
		t.Fatalf("%q: reply %q", in, r.Reply)
	case st != Complete:
		return
	}
	walked := 0
	for key, rest := NextKey(r.Keys); len(key) > 0; key, rest = NextKey(rest) {
		if !TextKey(key) || walked == 0 && !bytes.Equal(key, r.Key) {
			t.Fatalf("%q: key %q", in, key)
		}
		walked++
	}
	if r.Op.isRetrieval() && walked != r.NumKeys || len(r.Raw) != n {
		t.Fatalf("%q: %d keys of %d, raw %q", in, walked, r.NumKeys, r.Raw)
	}
	checkForwarded(t, r, AppendHead(nil, r), r.Op, r.Meta)
	if r.plain {
		r.plain = false
		if anew := AppendHead(nil, r); !bytes.Equal(anew, r.Head) {
			t.Fatalf("%q is taken for what is written, which is %q", r.Head, anew)
		}
		r.plain = true
	}
	if r.Op == OpCAS {
		checkForwarded(t, r, AppendUnconditional(nil, r), OpSet, r.Meta)
	} else {
		checkForwarded(t, r, AppendUnconditional(nil, r), r.Op, r.Meta&^metaFlag('C'))
	}
}

// checkForwarded parses the line that a server would get. It must mean the same, without q and noreply.
func checkForwarded(t *testing.T, r *Request, line []byte, op Op, meta MetaFlags) {
	t.Helper()
	if bytes.IndexByte(line, '\n') != len(line)-1 || !bytes.HasSuffix(line, []byte("\r\n")) ||
		hasControl(line[:len(line)-2]) {
		t.Fatalf("%q is forwarded as %q", r.Head, line)
	}
	var again Request
	all := append(line, r.Body...)
	n, st := Next(all, Limits{MaxLine: 5000, MaxValue: 1000}, &again)
	if n != len(all) || st != Complete || again.Op != op || again.Quiet || again.Meta != meta&^dropped ||
		!again.plain && shouldBePlain(op, meta) ||
		again.Flags != r.Flags || again.Delta != r.Delta ||
		!bytes.Equal(again.Key, r.Key) || again.NumKeys != r.NumKeys || again.Exptime != r.Exptime ||
		!bytes.Equal(again.Body, r.Body) {
		t.Fatalf("%q is forwarded as %q: %d %v %+v", r.Head, line, n, st, &again)
	}
}

// shouldBePlain reports whether a line that is written for a server must be recognized as canonical. A few
// are not worth the effort.
func shouldBePlain(op Op, meta MetaFlags) bool {
	return op >= OpSet && op <= OpTouch && op != OpCAS || op.isMeta() && !meta.Has('b')
}

func sameRequest(a, b *Request) bool {
	return a.Op == b.Op && a.Quiet == b.Quiet && bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Keys, b.Keys) &&
		a.NumKeys == b.NumKeys &&
		bytes.Equal(a.Raw, b.Raw) && bytes.Equal(a.Head, b.Head) && bytes.Equal(a.Body, b.Body) && a.Meta == b.Meta &&
		a.Exptime == b.Exptime &&
		bytes.Equal(a.Args, b.Args) && bytes.Equal(a.Reply, b.Reply) && a.Skip == b.Skip && a.Oversize == b.Oversize &&
		a.Flags == b.Flags && a.Delta == b.Delta && a.token == b.token && a.hasToken == b.hasToken &&
		a.plain == b.plain
}

// FuzzFrame frames any bytes, whole and as they grow from one split point to the next.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		"STORED\r\nEND\r\n", "12 \r\n", "VERSION 1\r\n", "SERVER_ERROR x\r\n", "VALUE k 0 3\r\nabc\r\nEND\r\n",
		"VALUE a 0 0 1\r\n\r\nVALUE b 1 2\r\n\r\n\r\nEND\r\n",
		"VA 2 kx\r\nab\r\nHD\r\n", "HD\r\nEN\r\nMN\r\n", "STAT a b\r\nEND\r\n", "VALUE k 0 99999999999999999999\r\n",
	} {
		for shape := range uint8(6) {
			f.Add([]byte(seed), shape, uint64(0x5555))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, shape uint8, splits uint64) {
		s := Shape(shape % 6)
		var whole, grown Reply
		var a, b Framer
		for range 100 {
			n, need, ok := a.Next(in, s, &whole)
			if n < 0 || n > len(in) || n > 0 && !ok || need != 0 && need <= len(in) {
				t.Fatalf("%q: %d %d %v", in, n, need, ok)
			}
			n2, ok2 := testkit.Grow(in, splits, func(buf []byte) (int, bool, bool) {
				n, _, ok := b.Next(buf, s, &grown)
				return n, n > 0 || !ok, ok
			})
			if n2 != n || ok2 != ok {
				t.Fatalf("%q: whole: %d %v; grown: %d %v", in, n, ok, n2, ok2)
			}
			if n == 0 {
				return
			}
			checkReply(t, in[:n], &whole)
			if whole.Kind != grown.Kind || whole.Hits != grown.Hits || whole.Number != grown.Number ||
				!bytes.Equal(whole.Raw, grown.Raw) {
				t.Fatalf("%q: whole: %+v; grown: %+v", in, whole, grown)
			}
			in = in[n:]
		}
	})
}

func checkReply(t *testing.T, raw []byte, r *Reply) {
	t.Helper()
	if r.Kind == Lost || !bytes.Equal(r.Raw, raw) || !bytes.HasSuffix(raw, []byte("\r\n")) {
		t.Fatalf("%q: %+v", raw, r)
	}
	if r.Kind != Values {
		return
	}
	hits := 0
	key, block, rest := NextValue(r.Raw)
	for ; key != nil; key, block, rest = NextValue(rest) {
		if !bytes.HasPrefix(block[len("VALUE "):], key) {
			t.Fatalf("%q: key %q", block, key)
		}
		if same, after, found := CutValue(raw, key); !found || !bytes.Equal(same, block) || !bytes.Equal(after, rest) {
			t.Fatalf("%q: CutValue of %q: %q, %q, %v", raw, key, same, after, found)
		}
		raw = raw[len(block):]
		hits++
	}
	if hits != r.Hits || string(raw) != "END\r\n" {
		t.Fatalf("%q: %d blocks, then %q", r.Raw, hits, raw)
	}
}
