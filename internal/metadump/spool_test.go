package metadump

import (
	"errors"
	"fmt"
	"testing"
)

// Each returns the keys in the order in which they were added, from memory and from the file, as often as it is
// called.
func TestSpool(t *testing.T) {
	for _, limit := range []int{1, 100, 1 << 20} {
		s := &Spool{limit: limit}
		var want []string
		for i := range 1000 {
			key := fmt.Sprintf("key\x00\n%d", i)
			if err := s.add([]byte(key)); err != nil {
				t.Fatal(err)
			}
			want = append(want, key)
		}
		if s.out != nil {
			if err := s.out.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if (s.file == nil) != (limit == 1<<20) {
			t.Errorf("limit %d: a file: %v", limit, s.file != nil)
		}
		for range 2 {
			n := 0
			if err := s.Each(func(key []byte) error {
				if string(key) != want[n] {
					t.Fatalf("limit %d, key %d: %q, want %q", limit, n, key, want[n])
				}
				n++
				return nil
			}); err != nil || n != len(want) || s.Len != n {
				t.Errorf("limit %d: %d keys, %v", limit, n, err)
			}
		}
		enough := errors.New("enough")
		if err := s.Each(func([]byte) error { return enough }); !errors.Is(err, enough) {
			t.Errorf("limit %d: %v", limit, err)
		}
		s.Close()
	}
	t.Setenv("TMPDIR", "/no/such/folder")
	s := &Spool{limit: 1}
	if err := s.add([]byte("k")); err == nil {
		t.Error("a file in a folder that is not there")
	}
}
