package harness

import (
	"os"
	"syscall"
	"testing"
)

// WriteProgram writes an executable file that can be run at once. It keeps other goroutines from starting a program at
// the same time. Such a program would have the file open for writing until its exec, and running the file would fail
// with ETXTBSY.
func WriteProgram(tb testing.TB, path string, text []byte) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, text, 0o755); err != nil {
		tb.Fatal(err)
	}
}
