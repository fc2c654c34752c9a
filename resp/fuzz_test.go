package resp

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// longestInput limits the seeds: each byte of an input costs a copy of it.
const longestInput = 1000

// FuzzNext parses any bytes, whole and as they grow from one split point to the next.
func FuzzNext(f *testing.F) {
	for _, tt := range completeInputs {
		if len(tt.in) <= longestInput {
			f.Add([]byte(tt.in+"PING\r\n"), uint64(0x5555))
		}
	}
	for _, tt := range fatalInputs {
		if len(tt.in) <= longestInput {
			f.Add([]byte(tt.in), uint64(0x5555))
		}
	}
	for _, tt := range strictInputs {
		if len(tt.in) <= longestInput {
			f.Add([]byte(tt.in), uint64(0xffff))
		}
	}
	for _, line := range slices.Concat(keyLines, newerLines) {
		f.Add([]byte(line+"\r\n"), uint64(0))
		name, _, _ := strings.Cut(line, " ")
		f.Add([]byte(name+"\r\n"+name+" x\r\n"), uint64(0))
	}
	f.Fuzz(func(t *testing.T, in []byte, splits uint64) {
		lim := Limits{MaxBulk: 300, MaxArgs: 100, MaxInline: 500, MaxSize: 1000}
		whole, grown := new(Request), new(Request)
		for range 100 {
			var p, q Progress
			n, st := Next(in, lim, whole, &p)
			checkRequest(t, in, n, st, whole, &p)
			n2, st2 := testkit.Grow(in, splits, func(buf []byte) (int, bool, Status) {
				n, st := Next(buf, lim, grown, &q)
				if st == Incomplete && grown.Need != 0 && grown.Need <= len(buf) {
					t.Fatalf("need %d of %d", grown.Need, len(buf))
				}
				return n, st != Incomplete, st
			})
			if n2 != n || st2 != st || p != q && st != Incomplete || !sameRequest(whole, grown) {
				t.Fatalf("%q: whole: %d %v %+v; grown: %d %v %+v", in, n, st, whole, n2, st2, grown)
			}
			if st != Complete {
				return
			}
			in = in[n:]
		}
	})
}

func sameRequest(a, b *Request) bool {
	return slices.EqualFunc(a.Args, b.Args, bytes.Equal) && bytes.Equal(a.Raw, b.Raw) && a.Command == b.Command &&
		a.Need == b.Need && bytes.Equal(a.Reply, b.Reply)
}

// checkRequest checks what must hold for every result of Next.
func checkRequest(t *testing.T, in []byte, n int, st Status, r *Request, p *Progress) {
	t.Helper()
	switch {
	case n < 0 || n > len(in) || (n > 0) != (st == Complete):
		t.Fatalf("%q: n %d, %v", in, n, st)
	case st != Incomplete && *p != Progress{}:
		t.Fatalf("%q: progress %+v", in, p)
	case st == Fatal && len(r.Reply) > 0 && (!bytes.HasPrefix(r.Reply, []byte(protocol)) ||
		bytes.IndexByte(r.Reply, '\n') != len(r.Reply)-1):
		t.Fatalf("%q: reply %q", in, r.Reply)
	case st != Complete:
		return
	case len(r.Args) == 0 && (len(r.Raw) > 0 || r.Command != nil):
		t.Fatalf("%q: raw %q", in, r.Raw)
	case len(r.Args) == 0:
		return
	}
	var words []string
	for _, arg := range r.Args {
		words = append(words, string(arg))
	}
	if raw := AppendCommand(nil, words...); !bytes.Equal(raw, r.Raw) {
		t.Fatalf("%q is forwarded as %q", in, r.Raw)
	}
	var again Request
	if n, st := Next(r.Raw, Limits{MaxBulk: 500, MaxArgs: 500, MaxInline: 500}, &again,
		new(Progress)); n != len(r.Raw) || st != Complete || !sameRequest(r, &again) {
		t.Fatalf("%q is forwarded as %q, which is %d %v %+v", in, r.Raw, n, st, &again)
	}
	checkKeys(t, r)
}

// checkKeys checks what must hold for all keys.
func checkKeys(t *testing.T, r *Request) {
	t.Helper()
	unknown := AppendUnknown(nil, r.Args)
	if bytes.IndexByte(unknown, '\n') != len(unknown)-1 || len(unknown) > 450 {
		t.Fatalf("%q: %q", r.Args, unknown)
	}
	if r.Command == nil {
		return
	}
	keys, errReply := r.Command.Keys(nil, r.Args)
	if len(errReply) > 0 && (len(keys) > 0 || errReply[0] != '-' ||
		bytes.IndexByte(errReply, '\n') != len(errReply)-1) {
		t.Fatalf("%q: %d %q", r.Args, keys, errReply)
	}
	for _, i := range keys {
		if i < 1 || i >= len(r.Args) {
			t.Fatalf("%q: keys %d", r.Args, keys)
		}
	}
	if r.Command.SingleKey() && r.Command.ArityOK(len(r.Args)) && !slices.Equal(keys, []int{1}) {
		t.Fatalf("%q: keys %d", r.Args, keys)
	}
}

// FuzzFramer frames any bytes, whole and as they grow from one split point to the next.
func FuzzFramer(f *testing.F) {
	for _, reply := range slices.Concat(goodReplies, badReplies, good3, bad3) {
		if len(reply) <= longestInput {
			f.Add([]byte(reply+":1\r\n"), uint64(0x5555), false)
			f.Add([]byte(reply+":1\r\n"), uint64(0x5555), true)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, splits uint64, three bool) {
		var a, b Framer
		if three {
			a.Proto, b.Proto = RESP3, RESP3
		}
		for range 100 {
			n, need, ok := a.Next(in)
			if n < 0 || n > len(in) || n > 0 && !ok || need != 0 && need <= len(in) {
				t.Fatalf("%q: %d %d %v", in, n, need, ok)
			}
			n2, ok2 := testkit.Grow(in, splits, func(buf []byte) (int, bool, bool) {
				n, _, ok := b.Next(buf)
				return n, n > 0 || !ok, ok
			})
			if n2 != n || ok2 != ok {
				t.Fatalf("%q: whole: %d %v; grown: %d %v", in, n, ok, n2, ok2)
			}
			if n == 0 {
				return
			}
			checkReply(t, in[:n])
			in = in[n:]
		}
	})
}

// checkReply takes a framed reply apart.
func checkReply(t *testing.T, reply []byte) {
	t.Helper()
	if !bytes.HasSuffix(reply, []byte("\r\n")) {
		t.Fatalf("%q", reply)
	}
	body := Body(reply)
	if len(body) == 0 || body[0] == '|' || !bytes.HasSuffix(reply, body) ||
		(len(body) < len(reply)) != (reply[0] == '|') {
		t.Fatalf("%q: without attributes %q", reply, body)
	}
	reply = body
	n, rest, isArray := ArrayLen(reply)
	_, isInteger := Integer(reply)
	value, isBulk := Bulk(reply)
	text := len(value)
	switch reply[0] {
	case '*':
		for range n {
			var element []byte
			if element, rest = NextElement(rest); element == nil {
				t.Fatalf("%q: fewer than %d elements", reply, n)
			}
		}
		if len(rest) > 0 || !isArray {
			t.Fatalf("%q: %q is left", reply, rest)
		}
	case ':':
		isArray, text = !isInteger, 0
	case '$', '=', '_':
		isArray = !isBulk
	case '-', '!':
		text = len(ErrorText(reply))
	}
	is := func(types string) bool { return strings.IndexByte(types, reply[0]) >= 0 }
	if reply[0] != '*' && isArray || isInteger != is(":") || isBulk != is("$=_") || IsError(reply) != is("-!") ||
		text > len(reply)-3 {
		t.Fatalf("%q", reply)
	}
}
