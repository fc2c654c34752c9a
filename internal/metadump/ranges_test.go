package metadump

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// When keys are listed in parts that fit into memory, each is listed once, whatever the server adds in between.
func TestRanges(t *testing.T) {
	const limit, keys = 500, 1000
	var dump strings.Builder
	for i := range keys {
		fmt.Fprintf(&dump, "key=key%d exp=-1 size=60\n", i)
	}
	s := &script{replies: []string{"BUSY currently processing crawler request\r\n"}}
	for range keys {
		s.replies = append(s.replies, dump.String()+"END\r\n")
	}
	r, seen, parts := NewRanges(limit), map[string]int{}, 0
	for !r.Done() {
		part, err := r.Next(t.Context(), s.dial, func(key []byte) bool { return !strings.HasSuffix(string(key), "7") })
		if err != nil {
			t.Fatal(err)
		}
		if parts++; len(part.memory) > limit || part.file != nil {
			t.Errorf("%d bytes, a file: %v", len(part.memory), part.file != nil)
		}
		n := 0
		if err := part.Each(func(key []byte) error { n++; seen[string(key)]++; return nil }); err != nil ||
			n != part.Len {
			t.Errorf("%d keys of %d, %v", n, part.Len, err)
		}
		part.Close()
	}
	if len(seen) != keys*9/10 || parts < keys*6/limit {
		t.Errorf("%d keys in %d parts", len(seen), parts)
	}
	for key, n := range seen {
		if n != 1 {
			t.Errorf("%s is listed %d times", key, n)
		}
	}
}

// A list that does not fit into memory fails with the same error whether the file cannot be created or not be written.
func TestNoFile(t *testing.T) {
	dump := strings.Repeat("key=abc exp=-1 size=60\n", 50_000) + "END\r\n"
	s := &script{replies: []string{dump, dump}}
	dir := t.TempDir()
	t.Setenv("TMPDIR", "/no/such/folder")
	_, err := Collect(t.Context(), s.dial, 100, func([]byte) bool { return true })
	if !errors.Is(err, ErrNoFile) || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("%v", err)
	}
	t.Setenv("TMPDIR", dir)
	full := &Spool{limit: 1}
	if err := full.add([]byte("k")); err != nil {
		t.Fatal(err)
	}
	full.file.Close() // as if the disk were full: further writes fail
	for err = nil; err == nil; {
		err = full.add(make([]byte, 1000))
	}
	if !errors.Is(err, ErrNoFile) {
		t.Errorf("%v", err)
	}
}
