package harness

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"

	"magent/internal/testkit"
)

// Run runs a program, which must end soon, and returns its exit code and its output.
func Run(tb testing.TB, argv ...string) (code int, stdout, stderr string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), testkit.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		tb.Fatalf("%s is not installed: run `make deps`", argv[0])
	case ctx.Err() != nil:
		tb.Fatalf("%v still runs after %v", argv, testkit.Patience)
	case err != nil && !errors.As(err, &exit):
		tb.Fatalf("%v: %v", argv, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}
