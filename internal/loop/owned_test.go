package loop

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// What was disowned stays as it is when more is read. Small messages cannot be disowned: their buffers are used again.
func TestStreamDisown(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	receive := func(n, kept int) []byte { // n bytes, of which some were kept
		t.Helper()
		sent := pattern(n-kept, n-kept)
		for {
			k, err := unix.Write(peer, sent)
			if err != nil && !Again(err) {
				t.Fatal(err)
			}
			sent = sent[max(k, 0):]
			data, err := s.Read(n)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) >= n {
				return data
			}
			if data != nil {
				s.Keep(data)
			}
		}
	}
	if receive(1000, 0); s.Disown() {
		t.Error("a small message was disowned")
	}
	s.Keep(nil)
	const size, rest = 5 << 20, 200 << 10
	data := receive(size, 0)
	if !s.Disown() {
		t.Fatal("a large message cannot be disowned")
	}
	s.Keep(data[size-rest:])
	if got := s.Tail(); !bytes.Equal(got, pattern(size, size)[size-rest:]) {
		t.Errorf("the rest is %d bytes, and not what was kept", len(got))
	}
	s.Keep(s.Tail())
	receive(size, rest)
	s.Keep(nil)
	if d := differ(data, pattern(size, size)); d != "" {
		t.Error(d)
	}
}
