package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// Previous returns the path of a magent of the version before this one, which is built from the history of this
// repository. The commit, or the tag, is MAGENT_PREVIOUS, or stands in test/harness/testdata/previous.
func Previous(tb testing.TB) string {
	tb.Helper()
	return built.previous.make(tb, buildPrevious)
}

func buildPrevious() (path string, err error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	commit := os.Getenv("MAGENT_PREVIOUS")
	if commit == "" {
		text, err := os.ReadFile(filepath.Join(root, "test", "harness", "testdata", "previous"))
		if err != nil {
			return "", err
		}
		commit = strings.TrimSpace(string(text))
	}
	dir, err := os.MkdirTemp("", "magent-test-")
	if err != nil {
		return "", err
	}
	source := filepath.Join(dir, "source")
	defer os.RemoveAll(source)
	path = filepath.Join(dir, "magent")
	build := testkit.Go("build", "-o", path, "./cmd/magent")
	build.Dir = source
	for _, step := range []*exec.Cmd{
		// Of a shell, for the pipe alone: with pipefail, because tar is content with nothing
		exec.Command("bash", "-c", `set -o pipefail; mkdir "$3" && git -C "$1" archive "$2" | tar -x -C "$3"`,
			"bash", root, commit, source),
		build,
	} {
		if out, err := step.CombinedOutput(); err != nil {
			_ = os.RemoveAll(dir)
			return "", fmt.Errorf("the version before this one, commit %s, cannot be built: %w\n%s"+
				"The tests need the whole history of the repository: git fetch --unshallow --tags", commit, err, out)
		}
	}
	return path, nil
}
