// Package asciitest has what tests of several packages need to make requests. Only tests import it.
package asciitest

import "magent/ascii"

// Parse returns the request that text consists of: one that is complete, and nothing behind it.
func Parse(tb interface {
	Helper()
	Fatalf(format string, args ...any)
}, text string,
) *ascii.Request {
	tb.Helper()
	r := &ascii.Request{}
	limits := ascii.Limits{MaxLine: 1 << 20, MaxValue: 1 << 20}
	if n, st := ascii.Next([]byte(text), limits, r); st != ascii.Complete || n != len(text) {
		tb.Fatalf("%q: status %d, %d bytes of %d", text, st, n, len(text))
	}
	return r
}
