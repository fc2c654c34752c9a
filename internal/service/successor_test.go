package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// TestReasonOfSuccessor: a new process that cannot serve lets go of its parent first, and says why then, however long
// that takes.
func TestReasonOfSuccessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	const script = "#!/bin/sh\nexec 3>&-\nsleep 0.5\necho 'this is why' >&2\nexit 1\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	next, err := startSuccessor(path, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer next.close()
	ready := make(chan error, 1)
	go next.await(ready)
	err = testkit.Await(t, "its end", ready)
	if err == nil || !strings.HasSuffix(err.Error(), "it said: this is why") {
		t.Errorf("%v", err)
	}
}
