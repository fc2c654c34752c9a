package resp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// goodReplies are whole replies. Anything may follow their last byte.
var goodReplies = []string{
	"+OK\r\n", "+\r\n", "+a\rb\r\n", "-ERR x\r\n", "-\r\n", ":0\r\n", ":-1\r\n", ":9223372036854775807\r\n",
	":-9223372036854775808\r\n", ":1234567890123\r\n",
	"$-1\r\n", "$0\r\n\r\n", "$5\r\nhello\r\n", "$2\r\n\r\n\r\n", "$13\r\n+OK\r\n*1\r\n:1\r\n\r\n",
	"*-1\r\n", "*0\r\n", "*1\r\n*0\r\n", "*2\r\n$1\r\na\r\n$-1\r\n", "*3\r\n:1\r\n*2\r\n+a\r\n*-1\r\n-ERR\r\n",
	"*2\r\n*2\r\n*1\r\n:1\r\n:2\r\n*0\r\n",
	"*1\r\n$13\r\n0123456789abc\r\n", "*12\r\n" + strings.Repeat(":1\r\n", 12), "+" + strings.Repeat("x", 3000) +
		"\r\n",
	strings.Repeat("*1\r\n", 500) + ":1\r\n", strings.Repeat("*2\r\n:1\r\n", 200) + "$1\r\nx\r\n",
}

var badReplies = []string{
	"x", "\r\n", "OK\r\n", "+OK\n", "\x00", "_\r\n", "#t\r\n", ",1.5\r\n", "%1\r\n", "~1\r\n", ">1\r\n", "(1\r\n",
	"=1\r\n", "!1\r\n",
	":\r\n", ":x\r\n", ":+1\r\n", ":1 \r\n", ":1\n", ":01\r\n", ":9223372036854775808\r\n",
	":-9223372036854775809\r\n", ":" + strings.Repeat("1", 30),
	"$\r\n", "$-2\r\n", "$x\r\n", "$1\n", "$99999999999999\r\n", "$" + strings.Repeat("1", 30), "$1\r\nab\r\n",
	"$1\r\na\rx", "$1\r\naX\n", "$0\r\nab",
	"*\r\n", "*-2\r\n", "*x\r\n", "*99999999999999\r\n", "*1\r\nx", "*2\r\n:1\r\nx", "*1\r\n$1\r\nabc",
	"*1\r\n>1\r\n", "\n", "*\n", "$-1\r\r\n", "+\n", "-\n",
}

// good3 are replies of RESP3 that are none of RESP2.
var good3 = []string{
	"_\r\n", "#t\r\n", "#f\r\n", ",1.5\r\n", ",-inf\r\n", ",nan\r\n", ",1e-9\r\n", ",10\r\n",
	"(3492890328409238509324850943850943825024385\r\n", "(-1\r\n", "(" + strings.Repeat("9", 3000) + "\r\n",
	"=15\r\ntxt:Some string\r\n", "=4\r\nmkd:\r\n", "!21\r\nSYNTAX invalid syntax\r\n", "!5\r\na\r\nbc\r\n",
	"~0\r\n", "~2\r\n+a\r\n_\r\n", "%0\r\n", "%2\r\n+a\r\n:1\r\n$1\r\nb\r\n%1\r\n_\r\n#t\r\n",
	">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", ">0\r\n",
	"|1\r\n+key-popularity\r\n%1\r\n$1\r\na\r\n,0.19\r\n*2\r\n:1\r\n:2\r\n", "|0\r\n_\r\n",
	"*3\r\n:1\r\n|1\r\n+ttl\r\n:3600\r\n:3\r\n|1\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n_\r\n",
	"*2\r\n$-1\r\n*-1\r\n", "*1\r\n%1\r\n+x\r\n=6\r\ntxt:\r\n\r\n",
	strings.Repeat("%1\r\n+k\r\n", 300) + "_\r\n",
}

var bad3 = []string{
	"x", "\r\n", "_x\r\n", "_1\r\n", "_\n", "#x\r\n", "#tt\r\n", "#\r\n", "#t\n", ",1\n", "(1\n",
	"=-1\r\n", "!-1\r\n", "~-1\r\n", "%-1\r\n", "|-1\r\n", ">-1\r\n", "=x\r\n", "%\r\n", "=1\r\nab\r\n",
	"*1\r\n>1\r\n:1\r\n", "|1\r\n:1\r\n:2\r\n>1\r\n:1\r\n", ">1\r\n>1\r\n", "%1\r\n:1\r\nx",
	"%99999999999999\r\n", "$?\r\n", "*?\r\n", ";1\r\na\r\n", ".\r\n",
}

// TestFramerBothProtocols frames each reply as each version, cut anywhere.
func TestFramerBothProtocols(t *testing.T) {
	for _, c := range []struct {
		proto   Proto
		replies []string
		good    bool
	}{
		{RESP3, good3, true},
		{RESP3, goodReplies, true},
		{RESP3, bad3, false},
		{RESP2, good3[:24], false},
	} {
		for _, reply := range c.replies {
			for _, cut := range cuts(reply) {
				f := Framer{Proto: c.proto}
				n, _, ok := f.Next([]byte(reply[:cut]))
				if ok && n == 0 {
					n, _, ok = f.Next([]byte(reply + ":1\r\n"))
				}
				if c.good && (n != len(reply) || !ok || f != Framer{Proto: c.proto}) || !c.good && (ok || n != 0) {
					t.Fatalf("RESP%d, %.80q cut at %d: %d %v", c.proto, reply, cut, n, ok)
				}
			}
		}
	}
}

// TestFramer frames each reply, cut anywhere.
func TestFramer(t *testing.T) {
	for _, reply := range goodReplies {
		for _, cut := range cuts(reply) {
			var f Framer
			n, need, ok := f.Next([]byte(reply[:cut]))
			if cut < len(reply) && (n != 0 || !ok || need != 0 && (need <= cut || need > len(reply))) {
				t.Fatalf("%.80q cut at %d: %d %d %v", reply, cut, n, need, ok)
			}
			if cut < len(reply) {
				n, need, ok = f.Next([]byte(reply + "x"))
			}
			if n != len(reply) || need != 0 || !ok || f != (Framer{}) {
				t.Fatalf("%.80q cut at %d: %d %d %v", reply, cut, n, need, ok)
			}
		}
	}
}

// TestFramerStream frames all of them from one buffer that grows byte by byte.
func TestFramerStream(t *testing.T) {
	all := strings.Join(goodReplies, "")
	var f Framer
	got, start := 0, 0
	for end := range len(all) + 1 {
		n, _, ok := f.Next([]byte(all[start:end]))
		if !ok {
			t.Fatalf("at %d", end)
		}
		if n > 0 {
			if all[start:start+n] != goodReplies[got] {
				t.Fatalf("%q for %q", all[start:start+n], goodReplies[got])
			}
			start += n
			got++
		}
	}
	if got != len(goodReplies) {
		t.Errorf("%d of %d replies", got, len(goodReplies))
	}
}

func TestFramerBad(t *testing.T) {
	for _, reply := range badReplies {
		for _, cut := range cuts(reply) {
			var f Framer
			n, _, ok := f.Next([]byte(reply[:cut]))
			if ok && n == 0 {
				n, _, ok = f.Next([]byte(reply))
			}
			if ok || n != 0 {
				t.Fatalf("%q cut at %d: %d %v", reply, cut, n, ok)
			}
		}
	}
	var f Framer
	f.Next([]byte("*2\r\n:1\r\n:2"))
	if _, _, ok := f.Next([]byte("*2\r\n")); ok {
		t.Error("other bytes than those of the last call")
	}
	long := append(bytes.Repeat([]byte{'+'}, maxReplyLine), '\r', '\n')
	f = Framer{}
	if _, _, ok := f.Next(long[:maxReplyLine-1]); !ok {
		t.Error("a long line")
	}
	if _, _, ok := f.Next(long); ok {
		t.Error("a line that is too long, in two pieces")
	}
	f = Framer{}
	if _, _, ok := f.Next(long); ok {
		t.Error("a line that is too long, in one piece")
	}
}

// TestFramerNeed checks that Next tells where a value ends as soon as its length has arrived.
func TestFramerNeed(t *testing.T) {
	for in, need := range map[string]int{
		"": 0, "+OK\r": 0, "$5": 0, "$5\r": 0, "$5\r\n": 11, "$5\r\nhello": 11, "*2\r\n": 0,
		"*1000000000\r\n:1\r\n": 0, "*2\r\n$5\r\nh": 15, "*2\r\n:1\r\n$100000\r\n": 100019,
		"$536870912\r\n": 536870912 + 14, "$10000000000\r\n": 10000000000 + 16,
	} {
		var f Framer
		if n, got, ok := f.Next([]byte(in)); n != 0 || got != need || !ok {
			t.Errorf("%q: %d %d %v", in, n, got, ok)
		}
	}
}

// TestFramerLinear checks that what has been framed is not framed again.
func TestFramerLinear(t *testing.T) {
	all := []byte("*300000\r\n" + strings.Repeat("$1\r\nx\r\n", 300_000) + "+" + strings.Repeat("x", 1_000_000) +
		"\r\n")
	var f Framer
	start, replies := 0, 0
	for end := range len(all) + 1 { // quadratic time would take hours
		n, _, ok := f.Next(all[start:end])
		if !ok {
			t.Fatal(end)
		}
		if n > 0 {
			start += n
			replies++
		}
	}
	if start != len(all) || replies != 2 {
		t.Error(start, replies)
	}
}

func TestFramerAllocs(t *testing.T) {
	var f Framer
	for _, reply := range goodReplies {
		in := []byte(reply)
		if allocs := testing.AllocsPerRun(10, func() { f.Next(in[:len(in)/2]); f.Next(in) }); allocs != 0 {
			t.Errorf("%.80q: %v allocations", reply, allocs)
		}
	}
}

// TestFramerServer frames replies of a real server, with nested arrays.
func TestFramerServer(t *testing.T) {
	s := startServer(t)
	const nested = "local t = {1} for i = 1, 200 do t = {i, t, 'x'} end return t"
	replies := s.ask([]string{"EVAL", nested, "0"}, []string{"COMMAND"},
		[]string{"SET", "k", strings.Repeat("v", 1_000_000)}, []string{"GET", "k"}, []string{"GET", "none"},
		[]string{"EVAL", "return redis.status_reply(string.rep('x', 200000))", "0"},
		[]string{"XADD", "s", "1-1", "f", "v"}, []string{"XREAD", "STREAMS", "s", "none", "0", "0"},
		[]string{"NOPE"}, []string{"PING"})
	depth := 0
	for element, rest := replies[0], []byte(nil); ; depth++ {
		n, elements, ok := ArrayLen(element)
		if !ok || n == 1 {
			break
		}
		_, rest = NextElement(elements)
		element, _ = NextElement(rest)
	}
	if depth != 200 {
		t.Errorf("depth %d", depth)
	}
	if value, ok := Bulk(replies[3]); !ok || len(value) != 1_000_000 {
		t.Errorf("%d bytes", len(value))
	}
	if string(replies[7]) != "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n" ||
		string(replies[9]) != "+PONG\r\n" {
		t.Errorf("%q", replies[7:])
	}
}

// TestReplyOfRESP3 takes apart what only RESP3 has.
func TestReplyOfRESP3(t *testing.T) {
	for in, want := range map[string]string{
		"=7\r\ntxt:abc\r\n": `"abc" true`, "=4\r\ntxt:\r\n": `"" true`, "=1\r\na\r\n": `"a" true`,
		"=0\r\n\r\n": `"" true`,
		"_\r\n":      `null true`, "|1\r\n+a\r\n+b\r\n$1\r\nx\r\n": `"x" true`,
		"~0\r\n": `null false`, "#t\r\n": `null false`,
	} {
		value, ok := Bulk([]byte(in))
		got := fmt.Sprintf("%q %v", value, ok)
		if value == nil {
			got = fmt.Sprintf("null %v", ok)
		}
		if got != want || cap(value) != len(value) {
			t.Errorf("%q: %s", in, got)
		}
	}
	for in, want := range map[string]string{
		"!7\r\nERR a\nb\r\n": "ERR a", "!0\r\n\r\n": "", "|1\r\n+a\r\n*1\r\n+b\r\n-ERR x\r\n": "ERR x",
		"|0\r\n|0\r\n!1\r\nx\r\n": "x",
	} {
		if got := ErrorText([]byte(in)); string(got) != want || !IsError([]byte(in)) {
			t.Errorf("%q: %q", in, got)
		}
	}
	n, rest, ok := ArrayLen([]byte("|1\r\n+a\r\n+b\r\n*2\r\n|1\r\n+c\r\n+d\r\n:1\r\n_\r\n"))
	first, rest := NextElement(rest)
	second, rest := NextElement(rest)
	if n != 2 || !ok || string(first) != "|1\r\n+c\r\n+d\r\n:1\r\n" || string(second) != "_\r\n" || len(rest) > 0 {
		t.Errorf("%d %v %q %q %q", n, ok, first, second, rest)
	}
	if n, ok := Integer([]byte("|0\r\n:7\r\n")); n != 7 || !ok {
		t.Errorf("%d %v", n, ok)
	}
}

// TestProto compares what each version appends.
func TestProto(t *testing.T) {
	for p, want := range map[Proto]string{
		0:     "$-1\r\n*-1\r\n*4\r\n*3\r\n$2\r\nhi\r\n2",
		RESP2: "$-1\r\n*-1\r\n*4\r\n*3\r\n$2\r\nhi\r\n2",
		RESP3: "_\r\n_\r\n%2\r\n~3\r\n=6\r\ntxt:hi\r\n3",
	} {
		got := p.AppendText(p.AppendSet(p.AppendMap(p.AppendNullArray(p.AppendNull(nil)), 2), 3), "hi")
		if got := fmt.Sprintf("%s%d", got, p.Number()); got != want {
			t.Errorf("%d: %q", p, got)
		}
	}
}

func TestReply(t *testing.T) {
	type array struct {
		n    int
		rest string
		ok   bool
	}
	for in, want := range map[string]array{
		"*2\r\n:1\r\n:2\r\n": {2, ":1\r\n:2\r\n", true}, "*0\r\n": {0, "", true}, "*-1\r\n": {-1, "", true},
		"*12\r\n:": {12, ":", true},
		"":         {}, "$1\r\na\r\n": {}, ":1\r\n": {}, "-ERR\r\n": {}, "*x\r\n": {}, "*": {},
	} {
		n, rest, ok := ArrayLen([]byte(in))
		if ok != want.ok || ok && (n != want.n || string(rest) != want.rest) {
			t.Errorf("%q: %d %q %v", in, n, rest, ok)
		}
	}
	for in, want := range map[string]string{
		":0\r\n": "0 true", ":-5\r\n": "-5 true", ":9223372036854775807\r\n": "9223372036854775807 true",
		"+1\r\n": "0 false", "": "0 false", ":x\r\n": "0 false", "$1\r\n1\r\n": "0 false",
	} {
		n, ok := Integer([]byte(in))
		if fmt.Sprint(n, ok) != want {
			t.Errorf("%q: %d %v", in, n, ok)
		}
	}
	for in, want := range map[string]string{
		"$1\r\na\r\n": `[]byte("a") true`, "$0\r\n\r\n": `[]byte("") true`, "$-1\r\n": `nil true`,
		"+OK\r\n": `nil false`, "": `nil false`, "$5\r\nab": `nil false`,
	} {
		value, ok := Bulk([]byte(in))
		got := fmt.Sprintf("[]byte(%q) %v", value, ok)
		if value == nil {
			got = fmt.Sprintf("nil %v", ok)
		}
		if got != want || cap(value) != len(value) {
			t.Errorf("%q: %s", in, got)
		}
	}
	for in, want := range map[string]string{"-ERR x\r\n": "ERR x", "-\r\n": "", "+OK\r\n": "", "": ""} {
		if got := ErrorText([]byte(in)); string(got) != want || IsError([]byte(in)) != strings.HasPrefix(in, "-") {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestNextElement(t *testing.T) {
	var all string
	for _, reply := range goodReplies {
		all += reply
	}
	rest := []byte(all)
	for _, reply := range goodReplies {
		var element []byte
		if element, rest = NextElement(rest); string(element) != reply {
			t.Fatalf("%.80q for %.80q", element, reply)
		}
		if cap(element) != len(element) {
			t.Errorf("%.80q: an append would write over what follows", element)
		}
	}
	for _, in := range []string{"", "$5\r\n", "x"} {
		if element, rest := NextElement([]byte(in)); element != nil || rest != nil {
			t.Errorf("%q: %q %q", in, element, rest)
		}
	}
}

func TestAppend(t *testing.T) {
	dst := []byte(">")
	for want, got := range map[string][]byte{
		"*2\r\n":                             AppendArray(dst, 2),
		"*-1\r\n":                            AppendArray(dst, -1),
		"$3\r\na\r\n\r\n":                    AppendBulk(dst, []byte("a\r\n")),
		"$0\r\n\r\n":                         AppendBulk(dst, nil),
		"$2\r\nab\r\n":                       AppendBulkString(dst, "ab"),
		"$-1\r\n":                            AppendNull(dst),
		":-9223372036854775808\r\n":          AppendInt(dst, -1<<63),
		"+OK\r\n":                            AppendSimple(dst, "OK"),
		"+a  b \r\n":                         AppendSimple(dst, "a\r\nb\x7f"),
		"-ERR a  b \xc3\xa4\r\n":             AppendError(dst, "ERR a\r\nb\x00\xc3\xa4"),
		"*2\r\n$3\r\nGET\r\n$3\r\nk\r\n\r\n": AppendCommand(dst, "GET", "k\r\n"),
		"-ERR wrong number of arguments for 'get' command\r\n": AppendWrongArity(dst, Lookup([]byte("GET"))),
	} {
		if string(got) != ">"+want {
			t.Errorf("%q for %q", got, want)
		}
	}
}
