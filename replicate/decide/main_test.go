package decide

import (
	"testing"

	"magent/ascii"
)

// parse returns the request of a text.
func parse(t *testing.T, text string) *ascii.Request {
	t.Helper()
	r := &ascii.Request{}
	limits := ascii.Limits{MaxLine: 1 << 20, MaxValue: 1 << 20}
	if n, st := ascii.Next([]byte(text), limits, r); st != ascii.Complete || n != len(text) {
		t.Fatalf("%q: status %d, %d bytes of %d", text, st, n, len(text))
	}
	return r
}
