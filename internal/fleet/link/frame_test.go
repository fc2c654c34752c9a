package link

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// A frame is read as it was written, and one that is longer than it may be is not read at all.
func TestFrame(t *testing.T) {
	text := appendFrame(appendFrame(nil, []byte("abc")), nil)
	r := bytes.NewReader(text)
	for _, want := range []string{"abc", ""} {
		if body, err := readFrame(r, 3); err != nil || string(body) != want {
			t.Errorf("%q, %v", body, err)
		}
	}
	if _, err := readFrame(r, 3); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	_, err := readFrame(bytes.NewReader(text), 2)
	if err == nil || !strings.Contains(err.Error(), "3 bytes, more than 2") {
		t.Error(err)
	}
	for n := 1; n < 7; n++ {
		if body, err := readFrame(bytes.NewReader(text[:n]), 3); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes: %q, %v", n, body, err)
		}
	}
}
