package harness

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// toolPatience is how long a tool may take, including its compilation.
const toolPatience = 20 * time.Minute

// Root returns the folder of the module.
func Root(tb testing.TB) string {
	tb.Helper()
	root, err := ModuleRoot()
	if err == nil {
		err = consult(root)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return root
}

// Pinned returns the package and version in a variable of the Makefile, such as mvdan.cc/gofumpt@v0.12.0.
func Pinned(tb testing.TB, variable string) string {
	tb.Helper()
	makefile, err := os.ReadFile(filepath.Join(Root(tb), "Makefile"))
	if err != nil {
		tb.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + variable + ` *:= *(\S+)$`).FindSubmatch(makefile)
	if found == nil {
		tb.Fatalf("the Makefile has no %s", variable)
	}
	return string(found[1])
}

// Tool runs a Go program of another module, in the version that a variable of the Makefile names. Its working
// directory is the folder of the module.
func Tool(tb testing.TB, variable string, args ...string) (code int, stdout, stderr string) {
	tb.Helper()
	return Long(tb, append([]string{"deploy/dev/tool.sh", Pinned(tb, variable)}, args...)...)
}

// Long runs a program that may take minutes, in the folder of the module.
func Long(tb testing.TB, argv ...string) (code int, stdout, stderr string) {
	tb.Helper()
	return long(tb, Root(tb), argv)
}

// Here is Long, in the folder of the test.
func Here(tb testing.TB, argv ...string) (code int, stdout, stderr string) {
	tb.Helper()
	return long(tb, "", argv)
}

func long(tb testing.TB, dir string, argv []string) (code int, stdout, stderr string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), toolPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatalf("%v: %v", argv, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}
