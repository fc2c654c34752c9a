package testkit

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Hear reads as many bytes as a text has, which must be that text. who stands in the message.
func Hear(tb testing.TB, who string, r io.Reader, want string) {
	tb.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != want {
		at := Difference(string(got[:n]), want)
		tb.Fatalf("%s got %d of %d bytes, other ones from byte %d on (%v):\ngot  %q\nwant %q",
			who, n, len(want), at, err, Excerpt(string(got[:n]), at), Excerpt(want, at))
	}
}

// Difference is where two texts begin to differ.
func Difference(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// Excerpt is a text near a place in it, for a message.
func Excerpt(text string, at int) string { return text[max(0, at-100):min(len(text), at+200)] }

// Panic runs f, and returns what it panics with: empty, if it does not.
func Panic(f func()) (said string) {
	defer func() {
		if r := recover(); r != nil {
			said = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}

// ReadFile is the content of a file.
func ReadFile(tb testing.TB, path string) string {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// TempFile writes a file of that name into a new folder, and returns its path.
func TempFile(tb testing.TB, name, text string) (path string) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Golden compares a text with the file that holds what it should be. With UPDATE_GOLDEN=1 it writes the file.
func Golden(tb testing.TB, path, got string) {
	tb.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	if want := ReadFile(tb, path); got != want {
		at := Difference(got, want)
		tb.Errorf("not what %s holds, from byte %d on (UPDATE_GOLDEN=1 writes it):\ngot  %q\nwant %q",
			path, at, Excerpt(got, at), Excerpt(want, at))
	}
}
