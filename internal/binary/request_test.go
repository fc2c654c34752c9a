package binary

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"magent/ascii"
)

var limits = ascii.Limits{MaxLine: 1 << 20, MaxValue: 1 << 10}

// packet returns a request with an opaque of 0x01020304.
func packet(op Opcode, key, extras, value string, cas uint64) []byte {
	b := []byte{Magic, byte(op)}
	b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
	b = append(b, byte(len(extras)), 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(key)+len(extras)+len(value)))
	b = binary.BigEndian.AppendUint32(b, 0x01020304)
	b = binary.BigEndian.AppendUint64(b, cas)
	return append(append(append(b, extras...), key...), value...)
}

func words(numbers ...any) string {
	var b []byte
	for _, n := range numbers {
		b, _ = binary.Append(b, binary.BigEndian, n)
	}
	return string(b)
}

var (
	store = words(uint32(7), uint32(100)) // flags, exptime
	month = words(uint32(100))
	never = words(uint32(0xffffffff))
)

func counter(delta, initial uint64, exptime uint32) string { return words(delta, initial, exptime) }

// TestText: what text a request becomes, with and without the meta commands.
func TestText(t *testing.T) {
	const odd = "a\r\nb"
	for _, c := range []struct {
		name          string
		request       []byte
		meta, classic string // classic "": the same
	}{
		{"get", packet(Get, "k", "", "", 0), "gets k\r\n", ""},
		{"getkq", packet(GetKQ, "k", "", "", 0), "gets k\r\n", ""},
		{"get, odd key", packet(Get, odd, "", "", 0), "mg YQ0KYg== b f c v\r\n", ""},
		{"gat", packet(GATKQ, "k", month, "", 0), "gats 100 k\r\n", ""},
		{"gat, odd key", packet(GAT, odd, month, "", 0), "mg YQ0KYg== b f c v T100\r\n", ""},
		{"touch", packet(Touch, "k", month, "", 0), "mg k f c T100\r\n", "touch k 100\r\n"},
		{"touch, for ever", packet(Touch, "k", never, "", 0), "mg k f c T2147483647\r\n", "touch k 2147483647\r\n"},
		{"set", packet(SetQ, "k", store, "v", 0), "ms k 1 c F7 T100\r\nv\r\n", "set k 7 100 1\r\nv\r\n"},
		{"set, nothing", packet(Set, "k", store, "", 0), "ms k 0 c F7 T100\r\n\r\n", "set k 7 100 0\r\n\r\n"},
		{
			"set, lines", packet(Set, "k", store, "a\r\nb", 0), "ms k 4 c F7 T100\r\na\r\nb\r\n",
			"set k 7 100 4\r\na\r\nb\r\n",
		},
		{"set, token", packet(Set, "k", store, "v", 9), "ms k 1 c F7 T100 C9\r\nv\r\n", "cas k 7 100 1 9\r\nv\r\n"},
		{"set, odd key", packet(Set, odd, store, "v", 9), "ms YQ0KYg== 1 b c F7 T100 C9\r\nv\r\n", ""},
		{"add", packet(Add, "k", store, "v", 0), "ms k 1 c F7 T100 ME\r\nv\r\n", "add k 7 100 1\r\nv\r\n"},
		{"add, token", packet(Add, "k", store, "v", 9), "ms k 1 c F7 T100 C9\r\nv\r\n", ""},
		{"replace", packet(Replace, "k", store, "v", 0), "ms k 1 c F7 T100 MR\r\nv\r\n", "replace k 7 100 1\r\nv\r\n"},
		{"append", packet(AppendQ, "k", "", "v", 0), "ms k 1 c MA\r\nv\r\n", "append k 0 0 1\r\nv\r\n"},
		{"prepend, token", packet(Prepend, "k", "", "v", 9), "ms k 1 c MP C9\r\nv\r\n", ""},
		{"delete", packet(DeleteQ, "k", "", "", 0), "md k\r\n", "delete k\r\n"},
		{"delete, token", packet(Delete, "k", "", "", 9), "md k C9\r\n", ""},
		{"incr", packet(Increment, "k", counter(2, 5, 100), "", 0), "ma k v c D2 N100 J5\r\n", ""},
		{"incr, only", packet(Increment, "k", counter(2, 5, 0xffffffff), "", 0), "ma k v c D2\r\n", "incr k 2\r\n"},
		{"decr", packet(DecrementQ, "k", counter(2, 5, 0xffffffff), "", 9), "ma k v c D2 MD C9\r\n", ""},
		{"decr, only", packet(Decrement, "k", counter(2, 5, 0xffffffff), "", 0), "ma k v c D2 MD\r\n", "decr k 2\r\n"},
		{"flush", packet(Flush, "", "", "", 0), "flush_all\r\n", ""},
		{"flush, later", packet(FlushQ, "", month, "", 0), "flush_all 100\r\n", ""},
		{"noop", packet(Noop, "", "", "", 0), "mn\r\n", ""},
		{"version", packet(Version, "", "", "", 0), "version\r\n", ""},
		{"stat", packet(Stat, "", "", "", 0), "stats\r\n", ""},
		{"stat, of something", packet(Stat, "servers", "", "", 0), "stats servers\r\n", ""},
	} {
		var r Request
		if n, st := Next(c.request, limits, &r); st != ascii.Complete || n != len(c.request) {
			t.Errorf("%s: status %v, %d of %d bytes", c.name, st, n, len(c.request))
			continue
		}
		if c.classic == "" {
			c.classic = c.meta
		}
		for meta, want := range map[bool]string{true: c.meta, false: c.classic} {
			if got := string(r.AppendText(nil, meta)); got != want {
				t.Errorf("%s, meta commands %v: %q, want %q", c.name, meta, got, want)
			}
		}
	}
}

// TestRefused: what is wrong with a request, how much of it is skipped, and whether the connection can go on.
func TestRefused(t *testing.T) {
	with := func(request []byte, at int, b byte) []byte { request[at] = b; return request }
	for _, c := range []struct {
		name    string
		request []byte
		status  ascii.Status
		code    Code
		n, skip int
	}{
		{"another magic", with(packet(Get, "k", "", "", 0), 0, 0x81), ascii.Fatal, Invalid, 0, 0},
		{"a body shorter than its key", with(packet(Get, "k", "", "", 0), 11, 0), ascii.Fatal, UnknownCommand, 24, 0},
		{"get without a key", packet(Get, "", "", "", 0), ascii.Fatal, Invalid, 24, 0},
		{"get with extras", packet(Get, "k", "1234", "", 0), ascii.Fatal, Invalid, 24, 0},
		{"get with a value", packet(Get, "k", "", "v", 0), ascii.Fatal, Invalid, 24, 0},
		{"set without extras", packet(Set, "k", "", "v", 0), ascii.Fatal, Invalid, 24, 0},
		{"stat with a value", packet(Stat, "k", "", "v", 0), ascii.Fatal, Invalid, 24, 0},
		{"a long key", packet(Get, string(make([]byte, 251)), "", "", 0), ascii.Fatal, Invalid, 24, 0},
		{"a long odd key", packet(Get, string(make([]byte, 187)), "", "", 0), ascii.Refused, Invalid, 24 + 187, 0},
		{"stat of lines", packet(Stat, "a\r\nflush_all", "", "", 0), ascii.Refused, Invalid, 24 + 12, 0},
		{"an unknown command", packet(0x77, "k", "1234", "v", 0), ascii.Refused, UnknownCommand, 24, 6},
		{"sasl", packet(SASLAuth, "PLAIN", "", "v", 0), ascii.Complete, 0, 24 + 6, 0},
		{"sasl without a mechanism", packet(SASLAuth, "", "", "v", 0), ascii.Fatal, Invalid, 24, 0},
		{"too large", packet(Set, "k", store, string(make([]byte, 1025)), 0), ascii.Refused, TooLarge, 24 + 9, 1025},
		{"just so large", packet(Set, "k", store, string(make([]byte, 1024)), 0), ascii.Complete, 0, 24 + 9 + 1024, 0},
	} {
		var r Request
		n, st := Next(c.request, limits, &r)
		if n != c.n || st != c.status || r.Code != c.code || r.Skip != c.skip {
			t.Errorf("%s: %d bytes, status %v, code %#x, skip %d; want %d, %v, %#x, %d", c.name, n, st, r.Code, r.Skip,
				c.n, c.status, c.code, c.skip)
		}
	}
}

// TestReply: what a text reply becomes.
func TestReply(t *testing.T) {
	reply := func(op Opcode, code Code, token uint64, extras, key, body string) string {
		return words(uint8(0x81), uint8(op), uint16(len(key)), uint8(len(extras)), uint8(0), uint16(code),
			uint32(len(extras)+len(key)+len(body)), uint32(0x01020304), token) + extras + key + body
	}
	flags := words(uint32(7))
	const hit = "VALUE k 7 2 9\r\nv\n\r\nEND\r\n"
	for _, c := range []struct {
		op         Opcode
		text, want string
	}{
		{Get, hit, reply(Get, 0, 9, flags, "", "v\n")},
		{GetQ, hit, reply(GetQ, 0, 9, flags, "", "v\n")},
		{GetK, hit, reply(GetK, 0, 9, flags, "k", "v\n")},
		{GATKQ, "VA 2 f7 c9\r\nv\n\r\n", reply(GATKQ, 0, 9, flags, "k", "v\n")},
		{Get, "END\r\n", reply(Get, NotFound, 0, "", "", "Not found")},
		{GetK, "EN\r\n", reply(GetK, NotFound, 0, "", "k", "")},
		{GetQ, "END\r\n", ""},
		{GATKQ, "EN\r\n", ""},
		{GetQ, "SERVER_ERROR a is away\r\n", reply(GetQ, Unavailable, 0, "", "", "SERVER_ERROR a is away")},
		{Touch, "HD f7 c9\r\n", reply(Touch, 0, 9, flags, "", "")},
		{Touch, "TOUCHED\r\n", reply(Touch, 0, 0, words(uint32(0)), "", "")},
		{Set, "HD c9\r\n", reply(Set, 0, 9, "", "", "")},
		{SetQ, "STORED\r\n", ""},
		{SetQ, "EX\r\n", reply(SetQ, Exists, 0, "", "", "Data exists for key.")},
		{Set, "NF\r\n", reply(Set, NotFound, 0, "", "", "Not found")},
		{Add, "NS\r\n", reply(Add, Exists, 0, "", "", "Data exists for key.")},
		{ReplaceQ, "NOT_STORED\r\n", reply(ReplaceQ, NotFound, 0, "", "", "Not found")},
		{Append, "NS\r\n", reply(Append, NotStored, 0, "", "", "Not stored.")},
		{Append, "NF\r\n", reply(Append, NotStored, 0, "", "", "Not stored.")},
		{Set, "SERVER_ERROR object too large for cache\r\n", reply(Set, TooLarge, 0, "", "", "Too large.")},
		{
			Set, "SERVER_ERROR out of memory storing object\r\n",
			reply(Set, OutOfMemory, 0, "", "", "SERVER_ERROR out of memory storing object"),
		},
		{DeleteQ, "HD\r\n", ""},
		{DeleteQ, "NF\r\n", reply(DeleteQ, NotFound, 0, "", "", "Not found")},
		{Increment, "VA 2 c9\r\n12\r\n", reply(Increment, 0, 9, "", "", words(uint64(12)))},
		{Decrement, "9 \r\n", reply(Decrement, 0, 0, "", "", words(uint64(9)))},
		{IncrementQ, "12\r\n", ""},
		{
			Increment, "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
			reply(Increment, NotNumeric, 0, "", "", "Non-numeric server-side value for incr or decr"),
		},
		{Version, "VERSION 1.6.18\r\n", reply(Version, 0, 0, "", "", "1.6.18")},
		{Noop, "MN\r\n", reply(Noop, 0, 0, "", "", "")},
		{Flush, "OK\r\n", reply(Flush, 0, 0, "", "", "")},
		{FlushQ, "OK\r\n", ""},
		{
			Stat, "STAT a b c\r\nSTAT d \r\nEND\r\n",
			reply(Stat, 0, 0, "", "a", "b c") + reply(Stat, 0, 0, "", "d", "") + reply(Stat, 0, 0, "", "", ""),
		},
		{Stat, "RESET\r\n", reply(Stat, 0, 0, "", "", "")},
		{Stat, "ERROR\r\n", reply(Stat, NotFound, 0, "", "", "Not found")},
		{0x77, string(UnknownCommand.Text()), reply(0x77, UnknownCommand, 0, "", "", "Unknown command")},
		{Quit, string(Success.Text()), reply(Quit, 0, 0, "", "", "")},
	} {
		w := Waiting{Op: c.op, Sent: c.op, Opaque: 0x01020304}
		if f := formOf(c.op); f.known {
			w.Op = f.base
		}
		w = Unpack(w.Pack())
		w.Key = []byte("k")
		head, body := w.AppendReply(nil, []byte(c.text))
		if got := string(head) + string(body); got != c.want {
			t.Errorf("%#x, %q: %q, want %q", c.op, c.text, got, c.want)
		}
	}
}

// check holds what must be true of any bytes: the text of a request is one request, and nothing of it is left over to
// be taken for another one.
func check(t *testing.T, data []byte) {
	t.Helper()
	var r Request
	n, st := Next(data, limits, &r)
	if n > len(data) || st == ascii.Incomplete && (n != 0 || r.Need <= len(data)) {
		t.Fatalf("%q: %d bytes, status %v, need %d", data, n, st, r.Need)
	}
	if st != ascii.Complete || r.Op == Quit || r.Op.Authenticates() { // these have no text
		return
	}
	for _, meta := range []bool{true, false} {
		var parsed ascii.Request
		text := r.AppendText(nil, meta)
		n, st := ascii.Next(text, limits, &parsed)
		if st == ascii.Complete && n == len(text) && parsed.NumKeys <= 1 {
			continue
		}
		if st != ascii.Refused || bytes.IndexByte(text, '\n') != len(text)-1 {
			t.Fatalf("%q: the text %q: status %v, %d of %d bytes, %d keys", data, text, st, n, len(text),
				parsed.NumKeys)
		}
	}
}

// TestSplits: a request that arrives in two parts is the same request.
func TestSplits(t *testing.T) {
	for _, request := range [][]byte{
		packet(Get, "key", "", "", 0), packet(Set, "key", store, "value", 7), packet(Stat, "", "", "", 0),
		packet(IncrementQ, "key", counter(1, 2, 3), "", 0),
	} {
		var whole Request
		Next(request, limits, &whole)
		for cut := range request {
			var r Request
			n, st := Next(request[:cut], limits, &r)
			if cut > 0 && (n != 0 || st != ascii.Incomplete || r.Need <= cut) {
				t.Errorf("%d bytes of %q: %d, status %v, need %d", cut, request, n, st, r.Need)
			}
		}
		var r Request
		Next(request, limits, &r)
		if fmt.Sprint(r) != fmt.Sprint(whole) {
			t.Errorf("%v, then %v", whole, r)
		}
	}
}

func FuzzNext(f *testing.F) {
	for op := range Opcode(numOpcodes) {
		form := formOf(op)
		f.Add(packet(op, "key", string(make([]byte, form.extra)), "", 1))
		f.Add(packet(op, "key\r\nget a", string(make([]byte, form.extra)), "\r\nflush_all\r\n", 0))
		f.Add(packet(op, "", "", "", 0))
	}
	f.Fuzz(check)
}

// FuzzReply: whatever a server says, the reply's lengths fit its parts.
func FuzzReply(f *testing.F) {
	f.Add(uint8(Get), "VALUE k 7 2 9\r\nvv\r\nEND\r\n")
	f.Add(uint8(GATKQ), "VA 2 f7 c9\r\nvv\r\n")
	f.Add(uint8(Stat), "STAT a b\r\nEND\r\n")
	f.Add(uint8(Increment), "12\r\n")
	f.Fuzz(func(t *testing.T, op uint8, text string) {
		w := Waiting{Op: formOf(Opcode(op)).base, Sent: Opcode(op), Key: []byte("key")}
		head, body := w.AppendReply(nil, []byte(text))
		reply := append(head, body...)
		for len(reply) > 0 {
			if len(reply) < headSize {
				t.Fatalf("%q: a reply of %d bytes", text, len(reply))
			}
			n := headSize + int(binary.BigEndian.Uint32(reply[8:]))
			if n > len(reply) || int(reply[4])+int(binary.BigEndian.Uint16(reply[2:])) > n-headSize {
				t.Fatalf("%q: a reply of %d bytes, %q", text, n, reply)
			}
			reply = reply[n:]
		}
	})
}
