package harness

import "testing"

// Module returns the path of the program of a module in a folder beside the test, which is built once. `make deps` has
// downloaded what it needs.
func Module(tb testing.TB, folder string) string {
	tb.Helper()
	b, _ := built.modules.LoadOrStore(folder, &binary{})
	return b.(*binary).make(tb, func() (string, error) { return compile(folder, folder, ".") })
}
