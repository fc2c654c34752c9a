package config

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// Errors of files name the path and the remedy, and no system call. Others stay.
func TestUnread(t *testing.T) {
	path := t.TempDir() + "/none"
	_, open := os.ReadFile(path)
	_, stat := os.Stat(path)
	want := path + ": no such file or directory: name a file that can be read"
	for _, err := range []error{open, stat, fmt.Errorf("more: %w", open)} {
		if got := Unread(err); got.Error() != want || !errors.Is(got, os.ErrNotExist) {
			t.Errorf("%v: %q", err, got)
		}
	}
	if other := errors.New("line 1 has no ':'"); !errors.Is(Unread(other), other) || Unread(nil) != nil {
		t.Error("another error has changed")
	}
}
