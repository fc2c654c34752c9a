package login

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func users(t *testing.T, text string) *Users {
	t.Helper()
	u, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestParse(t *testing.T) {
	u := users(t, "ann:se:cret\r\n\nbob:x\n")
	for _, c := range []struct {
		name, password string
		want           bool
	}{
		{"ann", "se:cret", true},
		{"bob", "x", true},
		{"ann", "x", false},
		{"bob", "se:cret", false},
		{"", "", false},
		{"ann", "", false},
		{"ann", "se:cretx", false},
		{"ann:se", "cret", false},
	} {
		if got := u.Has([]byte(c.name), []byte(c.password)); got != c.want {
			t.Errorf("%q %q: %v", c.name, c.password, got)
		}
	}
	if got := string(u.AppendSet(nil)); got != "set magent.server-auth 0 -1 11\r\nann se:cret\r\n" {
		t.Errorf("the first says %q", got)
	}
}

// Errors name the line, and no password.
func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "it has no line user:password",
		"\n\n":                               "it has no line",
		"a:b\nsecret\n":                      "line 2 has no ':'",
		":secret\n":                          "line 1 lacks the user",
		"a:\n":                               "line 1 lacks the user",
		"a:secret\x00\n":                     "line 1 contains a zero byte",
		"secret:" + strings.Repeat("x", 600): "line 1 is longer than 512 bytes",
	} {
		_, err := Parse([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// A file that is in use stays the same when it is read again, and is forgotten when nobody uses it.
func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwords")
	read := func(text string) (*Users, error) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Read(path)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is not there: %v", err)
	}
	var all Files
	if all.Of("") != nil || all.Of(path) != nil || all.Any() {
		t.Error("there is a file that nobody has read")
	}
	for _, password := range []string{"1", "2"} {
		u, err := read("a:" + password + "\n")
		if err != nil {
			t.Fatal(err)
		}
		before := all.Of(path)
		all.Use(map[string]*Users{path: u})
		f := all.Of(path)
		if before != nil && f != before || !f.Users().Has([]byte("a"), []byte(password)) || !all.Any() {
			t.Errorf("the password is not %s, or it is another file", password)
		}
	}
	if _, err := read("nothing\n"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a malformed file: %v", err)
	}
	all.Use(nil)
	if all.Of(path) != nil || all.Any() {
		t.Error("a file is not forgotten")
	}
}

// conversations have what a client sends, and memcached's answers.
var conversations = []struct{ sent, want string }{
	{"get a\r\n", "CLIENT_ERROR unauthenticated\r\n"},
	{"set\r\nset a 0 0\r\nversion\n\r\n", strings.Repeat("CLIENT_ERROR unauthenticated\r\n", 4)},
	{"set a 0 0 x\r\nset a 0 0 -1\r\nsets a 0 0 1\r\n", strings.Repeat("CLIENT_ERROR unauthenticated\r\n", 3)},
	{"set a 0 0 7\r\nann one\r\n", "STORED\r\n"},
	{"  set  a  b  c  7 noreply\nann one\r\n", "STORED\r\n"},
	{"set a 0 0 9\r\n ann  one\r\n", "STORED\r\n"},
	{"set a 0 0 13\r\nann one three\r\n", "STORED\r\n"},
	{"set a 0 0 9\r\nann one\x00x\r\n", "STORED\r\n"},
	{"set a 0 0 7\r\nann two\r\n", "CLIENT_ERROR authentication failure\r\n"},
	{"set a 0 0 5\r\nhello\r\n", "CLIENT_ERROR bad authentication token format\r\n"},
	{"set a 0 0 0\r\n\r\n", "CLIENT_ERROR bad authentication token format\r\n"},
	{"set a 0 0 6\r\nann one\r\n", "CLIENT_ERROR bad command line termination\r\nCLIENT_ERROR unauthenticated\r\n"},
	{
		"set a 0 0 3000\r\n" + strings.Repeat("a ", 1500) + "\r\nx\n",
		"CLIENT_ERROR authentication failure\r\nCLIENT_ERROR unauthenticated\r\n",
	},
	{strings.Repeat("x", 2049), "close"},
}

// Whichever way what is sent is split, the answers are the same.
func TestGuard(t *testing.T) {
	u := users(t, "ann:one\n")
	for _, c := range conversations {
		for _, size := range []int{1, 2, 3, 7, 1 << 20} {
			if got := converse(c.sent, size, u); got != c.want {
				t.Errorf("%.40q by %d bytes: %q, want %q", c.sent, size, got, c.want)
			}
		}
	}
}

func converse(sent string, size int, u *Users) (answers string) {
	var g Guard
	var buf []byte
	for len(sent) > 0 {
		buf = append(buf, sent[:min(size, len(sent))]...)
		sent = sent[min(size, len(sent)):]
		for {
			n, v := g.Next(buf, u)
			buf = buf[n:]
			if v == Junk {
				return answers + "close"
			}
			if v == More {
				break
			}
			answers += string(v.Reply())
		}
	}
	return answers
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"\x00ann\x00one": "ann one", "who\x00ann\x00one": "ann one", "\x00\x00": " ", "": "-", "ann": "-",
		"ann\x00one": "-",
	} {
		name, password, ok := Plain([]byte(text))
		got := string(name) + " " + string(password)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzGuard(f *testing.F) {
	for _, c := range conversations {
		f.Add([]byte(c.sent), 1)
	}
	u, err := Parse([]byte("ann:one\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sent []byte, size int) {
		for line := range bytes.Lines(sent) {
			if len(line) > maxJunk {
				return // whether it is closed depends on whether the end of the line arrives with it
			}
		}
		whole, parts := converse(string(sent), len(sent)+1, u), converse(string(sent), max(1, size), u)
		if whole != parts {
			t.Errorf("%q, by %d bytes %q", whole, size, parts)
		}
	})
}
