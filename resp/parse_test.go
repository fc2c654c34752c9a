package resp

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// testLimits are those of redis 7.0.
var testLimits = Limits{MaxBulk: 512 << 20, MaxArgs: 1<<31 - 1, MaxInline: 64 << 10}

const protocol = "-ERR Protocol error: "

// fatalInputs get these errors from Redis as well, except those that are in strictInputs.
var fatalInputs = []struct{ in, text string }{
	{"*x\r\n", "invalid multibulk length"},
	{"*\r\n", "invalid multibulk length"},
	{"*-\r\n", "invalid multibulk length"},
	{"*+1\r\n", "invalid multibulk length"},
	{"* 1\r\n", "invalid multibulk length"},
	{"*1 \r\n", "invalid multibulk length"},
	{"*01\r\n", "invalid multibulk length"},
	{"*00\r\n", "invalid multibulk length"},
	{"*-0\r\n", "invalid multibulk length"},
	{"*-01\r\n", "invalid multibulk length"},
	{"*1\n\r\n", "invalid multibulk length"},
	{"*2147483648\r\n", "invalid multibulk length"},
	{"*9223372036854775808\r\n", "invalid multibulk length"},
	{"*-9223372036854775809\r\n", "invalid multibulk length"},
	{"*99999999999999999999999\r\n", "invalid multibulk length"},
	{"*1" + strings.Repeat("0", 60000) + "\r\n", "invalid multibulk length"},
	{"*1\r\n$-1\r\n", "invalid bulk length"},
	{"*1\r\n$\r\n", "invalid bulk length"},
	{"*1\r\n$x\r\n", "invalid bulk length"},
	{"*1\r\n$+4\r\nPING\r\n", "invalid bulk length"},
	{"*1\r\n$04\r\nPING\r\n", "invalid bulk length"},
	{"*1\r\n$4 \r\nPING\r\n", "invalid bulk length"},
	{"*1\r\n$536870913\r\n", "invalid bulk length"},
	{"*1\r\n$9223372036854775807\r\n", "invalid bulk length"},
	{"*1\r\n$18446744073709551616\r\n", "invalid bulk length"},
	{"*2\r\n$4\r\nECHO\r\n$-1\r\n", "invalid bulk length"},
	{"*1\r\nPING\r\n", "expected '$', got 'P'"},
	{"*1\r\n\r\n", "expected '$', got ' '"},
	{"*1\r\n\n\r\n", "expected '$', got ' '"},
	{"*1\r\n4\r\n", "expected '$', got '4'"},
	{"*1\r\n\x80\xff\r\n", "expected '$', got '\x80'"},
	{"*2\r\n$4\r\nECHO\r\n:1\r\n", "expected '$', got ':'"},
	{"\"\r\n", "unbalanced quotes in request"},
	{"'\r\n", "unbalanced quotes in request"},
	{"ECHO \"a\r\n", "unbalanced quotes in request"},
	{"ECHO 'a\r\n", "unbalanced quotes in request"},
	{"ECHO 'a\"\r\n", "unbalanced quotes in request"},
	{"ECHO \"a\"b\r\n", "unbalanced quotes in request"},
	{"ECHO 'a'b\r\n", "unbalanced quotes in request"},
	{"ECHO 'a''b'\r\n", "unbalanced quotes in request"},
	{"ECHO \"a\\\"\r\n", "unbalanced quotes in request"},
	{"ECHO 'a\\'\r\n", "unbalanced quotes in request"},
	{"ECHO \"a\\\r\n", "unbalanced quotes in request"},
	{strings.Repeat("x", 65537), "too big inline request"},
	{"*" + strings.Repeat("1", 65536), "too big mbulk count string"},
	{"*1\r\n" + strings.Repeat("1", 65537), "too big bulk count string"},
	{"*1\r\n$" + strings.Repeat("1", 65536), "too big bulk count string"},
}

// strictInputs are those with which Redis waits or goes on; see the package's doc. Without a reply the
// connection is closed silently.
var strictInputs = []struct{ in, reply string }{
	{"*1\rX$4\r\nPING\r\n", protocol + "invalid multibulk length\r\n"},
	{"*1\r\r\n", protocol + "invalid multibulk length\r\n"},
	{"*1\x00\r\n", protocol + "invalid multibulk length\r\n"},
	{"*1\r\n$4\rXPING\r\n", protocol + "invalid bulk length\r\n"},
	{"*1\r\n$4\x00\r\nPING\r\n", protocol + "invalid bulk length\r\n"},
	{"*1\r\n$4\r\nPINGXY", protocol + "an argument does not end with CRLF\r\n"},
	{"*1\r\n$4\r\nPING\rX", protocol + "an argument does not end with CRLF\r\n"},
	{"*1\r\n$4\r\nPINGX\n", protocol + "an argument does not end with CRLF\r\n"},
	{"*1\r\n$4\r\nPING\n\r", protocol + "an argument does not end with CRLF\r\n"},
	{"*1\r\n$4\r\nPINGPING\r\n", protocol + "an argument does not end with CRLF\r\n"},
	{"PING \x00\r\n", protocol + "zero byte in inline request\r\n"},
	{strings.Repeat("x", 65537) + "\n", protocol + "too big inline request\r\n"},
	{"*" + strings.Repeat("1", 65536) + "\r\n", protocol + "too big mbulk count string\r\n"},
	{"POST / HTTP/1.1\r\n", ""},
	{"host: x\r\n", ""},
	{"*1\r\n$4\r\npost\r\n", ""},
}

var completeInputs = []struct {
	in   string
	args []string
}{
	{"*1\r\n$4\r\nPING\r\n", []string{"PING"}},
	{"*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\n", []string{"ECHO", "a\r\n"}},
	{"*2\r\n$4\r\nEcho\r\n$0\r\n\r\n", []string{"Echo", ""}},
	{"*2\r\n$4\r\nECHO\r\n$4\r\n\x00\xff\r\n\r\n", []string{"ECHO", "\x00\xff\r\n"}},
	{"*1\r\n$0\r\n\r\n", []string{""}},
	{"*3\r\n$1\r\nx\r\n$2\r\n$1\r\n$1\r\n*\r\n", []string{"x", "$1", "*"}},
	{"*11\r\n" + strings.Repeat("$10\r\n0123456789\r\n", 11), slices.Repeat([]string{"0123456789"}, 11)},
	{"*0\r\n", nil},
	{"*-1\r\n", nil},
	{"*-9223372036854775808\r\n", nil},
	{"*-2147483649\r\n", nil},
	{"\r\n", nil},
	{"\n", nil},
	{" \t\v\f \r\n", nil},
	{"\r\r\n", nil},
	{"PING\r\n", []string{"PING"}},
	{"PING\n", []string{"PING"}},
	{"  PING  \r\n", []string{"PING"}},
	{"\tPING\r \r\n", []string{"PING"}},
	{"$4\r\n", []string{"$4"}},
	{"ECHO a\vb\r\n", []string{"ECHO", "a\vb"}},
	{"ECHO\v\r\n", []string{"ECHO\v"}},
	{"ECHO \"a b\"\r\n", []string{"ECHO", "a b"}},
	{"ECHO \"\"\r\n", []string{"ECHO", ""}},
	{"ECHO ''\r\n", []string{"ECHO", ""}},
	{"ECHO \"a\"\v\r\n", []string{"ECHO", "a"}},
	{"ECHO a\"b c\"\r\n", []string{"ECHO", "ab c"}},
	{"ECHO a'b c'\r\n", []string{"ECHO", "ab c"}},
	{`ECHO "\n\r\t\b\a\x41\x4z\xfF\q\\\""` + "\r\n", []string{"ECHO", "\n\r\t\b\aAx4z\xffq\\\""}},
	{`ECHO "\x00\x1"` + "\r\n", []string{"ECHO", "\x00x1"}},
	{`ECHO 'a\'b\n"\\ '` + "\r\n", []string{"ECHO", `a'b\n"\\ `}},
	{`ECHO \n"` + `"` + "\r\n", []string{"ECHO", `\n`}},
	{"ECHO \xfe\r\n", []string{"ECHO", "\xfe"}},
	{strings.Repeat("a ", 2000) + "\r\n", slices.Repeat([]string{"a"}, 2000)},
	{strings.Repeat("x", 65536) + "\n", []string{strings.Repeat("x", 65536)}},
}

// nextWhole gives all of in to Next at once. nextSplit gives it the bytes before cut first.
func nextWhole(t *testing.T, in string, l Limits, r *Request) (int, Status) {
	t.Helper()
	var p Progress
	n, st := Next([]byte(in), l, r, &p)
	if st != Incomplete && p != (Progress{}) {
		t.Fatalf("%.80q: %v leaves progress %+v", in, st, p)
	}
	return n, st
}

func nextSplit(t *testing.T, in string, cut int, l Limits, r *Request) (int, Status) {
	t.Helper()
	var p Progress
	n, st := Next([]byte(in[:cut]), l, r, &p)
	if st == Incomplete {
		if r.Need != 0 && r.Need <= cut || n != 0 || len(r.Args) > 0 || r.Raw != nil {
			t.Fatalf("%.80q cut at %d: n %d, %+v", in, cut, n, r)
		}
		n, st = Next([]byte(in), l, r, &p)
	}
	return n, st
}

// cuts returns all places to cut a short input at, and some of a long one.
func cuts(in string) (at []int) {
	for i := range len(in) + 1 {
		if len(in) < 2000 || i < 50 || i > len(in)-50 {
			at = append(at, i)
		}
	}
	return at
}

func TestNextComplete(t *testing.T) {
	var r Request
	for _, tt := range completeInputs {
		args := toArgs(tt.args...)
		check := func(n int, st Status) {
			t.Helper()
			if st != Complete || n != len(tt.in) || !slices.EqualFunc(r.Args, args, bytes.Equal) {
				t.Fatalf("%.80q: %d %v %.300q %q", tt.in, n, st, r.Args, r.Reply)
			}
			var raw []byte
			if len(args) > 0 {
				raw = AppendCommand(nil, tt.args...)
			}
			if !bytes.Equal(r.Raw, raw) {
				t.Fatalf("%.80q is forwarded as %.80q", tt.in, r.Raw)
			}
			if len(args) > 0 && r.Command != Lookup(args[0]) {
				t.Fatalf("%.80q: %+v", tt.in, r.Command)
			}
		}
		check(nextWhole(t, tt.in, testLimits, &r))
		for _, cut := range cuts(tt.in) {
			check(nextSplit(t, tt.in, cut, testLimits, &r))
			if cut < len(tt.in) {
				if n, st := nextWhole(t, tt.in[:cut], testLimits, &r); st != Incomplete {
					t.Fatalf("%.80q cut at %d: %d %v", tt.in, cut, n, st)
				}
			}
		}
		if n, st := nextWhole(t, tt.in+"PING\r\n", testLimits, &r); st != Complete || n != len(tt.in) {
			t.Fatalf("%.80q and another one: %d %v", tt.in, n, st)
		}
	}
}

func TestNextFatal(t *testing.T) {
	inputs := slices.Clone(strictInputs)
	for _, tt := range fatalInputs {
		inputs = append(inputs, struct{ in, reply string }{tt.in, protocol + tt.text + "\r\n"})
	}
	var r Request
	for _, tt := range inputs {
		if n, st := nextWhole(t, tt.in, testLimits, &r); st != Fatal || n != 0 || string(r.Reply) != tt.reply {
			t.Errorf("%.80q: %d %v %q", tt.in, n, st, r.Reply)
		}
		for _, cut := range cuts(tt.in) {
			if n, st := nextSplit(t, tt.in, cut, testLimits, &r); st != Fatal || n != 0 ||
				string(r.Reply) != tt.reply {
				t.Fatalf("%.80q cut at %d: %d %v %q", tt.in, cut, n, st, r.Reply)
			}
		}
	}
}

func TestNextLimits(t *testing.T) {
	const ping = "*2\r\n$4\r\nPING\r\n$4\r\nabcd\r\n" // 24 bytes
	var r Request
	for _, tt := range []struct {
		l    Limits
		in   string
		text string
	}{
		{Limits{MaxBulk: 4, MaxArgs: 2, MaxInline: 9, MaxSize: 24}, ping, ""},
		{Limits{MaxBulk: 4, MaxArgs: 2, MaxInline: 9}, ping, ""},
		{Limits{MaxBulk: 3, MaxArgs: 2, MaxInline: 9}, ping, "invalid bulk length"},
		{Limits{MaxBulk: 4, MaxArgs: 1, MaxInline: 9}, ping, "invalid multibulk length"},
		{Limits{MaxBulk: 4, MaxArgs: 2, MaxInline: 9, MaxSize: 23}, ping, "too big request"},
		{Limits{MaxBulk: 4, MaxArgs: 2, MaxInline: 9, MaxSize: 23}, ping[:18], "too big request"},
		{Limits{MaxBulk: 4, MaxArgs: 2, MaxInline: 9}, "PING abcd\r\n", "too big inline request"},
		{Limits{MaxBulk: 4, MaxArgs: 2, MaxInline: 9}, "PING abcd\n", ""},
		{Limits{MaxBulk: 4, MaxArgs: 2, MaxInline: 3}, "*0000\r\n", "too big mbulk count string"},
		{Limits{MaxBulk: 10, MaxArgs: 2, MaxInline: 2}, "*1\r\n$10\r\n0123456789\r\n", "too big bulk count string"},
		{Limits{MaxBulk: 10, MaxArgs: 2, MaxInline: 3}, "*1\r\n$10\r\n0123456789\r\n", ""},
		{Limits{MaxBulk: 1 << 20, MaxArgs: 2, MaxInline: 3}, "*1\r\n$1000\r\n", "too big bulk count string"},
	} {
		want, reply := Complete, ""
		if tt.text != "" {
			want, reply = Fatal, protocol+tt.text+"\r\n"
		}
		for _, cut := range cuts(tt.in) {
			if _, st := nextSplit(t, tt.in, cut, tt.l, &r); st != want || string(r.Reply) != reply {
				t.Fatalf("%+v: %q cut at %d: %v %q", tt.l, tt.in, cut, st, r.Reply)
			}
		}
	}
}

// TestNextNeed checks that Next tells where an argument ends as soon as its length has arrived.
func TestNextNeed(t *testing.T) {
	var r Request
	for in, need := range map[string]int{
		"":                       0,
		"PING":                   0,
		"*1":                     0,
		"*1\r\n":                 0,
		"*1\r\n$4\r":             0,
		"*1\r\n$4\r\n":           14,
		"*1\r\n$4\r\nPING\r":     14,
		"*1\r\n$536870912\r\nxx": 16 + 536870912 + 2,
		"*2\r\n$4\r\nECHO\r\n$":  0,
		"*1\r\n$1000000000\r\n":  17 + 1000000000 + 2,
	} {
		l := testLimits
		l.MaxBulk = 1 << 40
		if _, st := nextWhole(t, in, l, &r); st != Incomplete || r.Need != need {
			t.Errorf("%q: %v, need %d", in, st, r.Need)
		}
	}
}

// TestNextOtherBytes checks that a Progress is ignored if it does not belong to the bytes.
func TestNextOtherBytes(t *testing.T) {
	var r Request
	var p Progress
	Next([]byte("*3\r\n$4\r\nECHO\r\n$1\r\na\r\n$1"), testLimits, &r, &p)
	if n, st := Next([]byte("PING\r\n"), testLimits, &r, &p); n != 6 || st != Complete || p != (Progress{}) {
		t.Errorf("%d %v %+v", n, st, p)
	}
}
