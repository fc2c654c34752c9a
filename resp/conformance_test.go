package resp

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// proxy returns what a client would get that sends these bytes to a program that parses with Next, and that answers
// ECHO, PING and errors as a server does. ok is false if in holds another command.
func proxy(t *testing.T, in []byte) (out []byte, ok bool) {
	t.Helper()
	var r Request
	var p Progress
	for {
		n, st := Next(in, testLimits, &r, &p)
		switch {
		case st == Incomplete:
			return out, true
		case st == Fatal:
			return append(out, r.Reply...), true
		case len(r.Args) == 0:
		case r.Command == nil:
			out = AppendUnknown(out, r.Args)
		case !r.Command.ArityOK(len(r.Args)):
			out = AppendWrongArity(out, r.Command)
		case r.Command.Name == "echo":
			out = AppendBulk(out, r.Args[1])
		case r.Command.Name == "ping" && len(r.Args) == 1:
			out = AppendSimple(out, "PONG")
		default:
			return nil, false
		}
		in = in[n:]
	}
}

func sameAsServer(t *testing.T, s *server, in []byte) bool {
	t.Helper()
	want, ok := proxy(t, in)
	if !ok {
		return false
	}
	if got := s.say(in); !bytes.Equal(got, want) {
		t.Errorf("%.300q:\nserver %.400q\nours   %.400q", in, got, want)
	}
	return true
}

// TestNextConforms compares replies with those of a real server, byte by byte.
func TestNextConforms(t *testing.T) {
	s := startServer(t)
	const after = "PING\r\n" // shows that the next request is found, and that none is looked for after an error
	for _, tt := range fatalInputs {
		if !strings.Contains(tt.text, "too big") { // these requests have no end
			sameAsServer(t, s, []byte(tt.in+after))
		}
		sameAsServer(t, s, []byte(after+tt.in))
		sameAsServer(t, s, []byte(tt.in))
	}
	for _, tt := range completeInputs {
		sameAsServer(t, s, []byte(tt.in+after))
		sameAsServer(t, s, []byte("*1\r\n$4\r\nPING\r\n"+tt.in[:len(tt.in)-1]))
	}
	for c := range 256 {
		if c != 0 {
			sameAsServer(t, s, append([]byte("*1\r\n"), byte(c), '\r', '\n'))
			sameAsServer(t, s, append([]byte("ECHO a"), byte(c), 'b', '\r', '\n'))
			sameAsServer(t, s, append([]byte("ECHO \""), '\\', byte(c), 'b', '"', '\r', '\n'))
			sameAsServer(t, s, append([]byte("ECHO \"a\""), byte(c), '\r', '\n'))
			sameAsServer(t, s, append([]byte("ECHO '\\"), byte(c), '\'', '\r', '\n'))
		}
		sameAsServer(t, s, AppendCommand(nil, "no"+string([]byte{byte(c)}), string([]byte{byte(c), 'a'})))
		sameAsServer(t, s, AppendCommand(nil, "ECHO", string([]byte{byte(c)})))
	}
	for _, tt := range strictInputs {
		if tt.reply == "" && bytes.Contains(s.say([]byte(tt.in+after)), []byte("PONG")) {
			t.Errorf("%q: the server goes on", tt.in)
		}
	}
}

// TestNextConformsRandom does the same with requests made of random pieces.
func TestNextConformsRandom(t *testing.T) {
	s := startServer(t)
	pieces := []string{
		"*1\r\n$4\r\nPING\r\n", "*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n", "PING\r\n", "ECHO x\n", "*2\r\n",
		"$4\r\nECHO\r\n", "$4\r\n", "*0\r\n", "*-3\r\n", "$0\r\n\r\n",
		"echo \"", "\"", "'", "\\", "\\x4", "a", " ", "\t", "\n", "nope ", "1", "$", "*", "-", "\"\r\n", "'\r\n",
		"abc\r\n",
	}
	random := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for range 5000 {
		var in []byte
		for range 1 + random.IntN(6) {
			in = append(in, pieces[random.IntN(len(pieces))]...)
		}
		if !strict(t, in) && sameAsServer(t, s, in) {
			compared++
		}
		if t.Failed() {
			return
		}
	}
	if compared < 3000 {
		t.Errorf("only %d compared", compared)
	}
}

// strict reports whether Next refuses bytes that Redis accepts.
func strict(t *testing.T, in []byte) bool {
	t.Helper()
	out, _ := proxy(t, in)
	return bytes.HasSuffix(out, []byte(textNoCRLF+"\r\n"))
}

// TestUnknownConforms checks that errors quote as much as Redis does.
func TestUnknownConforms(t *testing.T) {
	s := startServer(t)
	long := func(n int) string { return strings.Repeat("x", n) }
	for _, args := range [][]string{
		{"nope"},
		{"Nope", "a", "b c", ""},
		{""},
		{"", ""},
		{"get\x00", "x\x00y", "z"},
		{"\r\n\t", "\r\n", "\x01\x7f\x80"},
		{"%s%n", "%d", "'"},
		{long(127), "a"},
		{long(128), "a"},
		{long(129), "a"},
		{long(5000), long(5000)},
		{"nope", long(124), "abc"},
		{"nope", long(125), "abc"},
		{"nope", long(126), "abc"},
		{"nope", long(127), "abc"},
		{"nope", long(128), "abc"},
		{"nope", long(129), "abc"},
		{"nope", long(60), long(60), long(60)},
		{"nope", long(60), long(61), long(60)},
		{"nope", long(60), long(62), long(60)},
		append([]string{"nope"}, slices.Repeat([]string{""}, 100)...),
	} {
		if !sameAsServer(t, s, AppendCommand(nil, args...)) {
			t.Errorf("%.100q is known", args)
		}
	}
}
