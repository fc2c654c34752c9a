package harness

import (
	"os"
	"syscall"
	"testing"
)

// WriteProgram writes a file that can be run at once. Meanwhile no test starts a program: until that had made its exec, it would
// have this file open for writing, and nobody could run it (ETXTBSY).
func WriteProgram(tb testing.TB, path string, text []byte) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, text, 0o755); err != nil {
		tb.Fatal(err)
	}
}
