package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDependenciesAreListed checks that the tables in CONTRIBUTING.md have exactly the direct dependencies of go.mod.
func TestDependenciesAreListed(t *testing.T) {
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+\\.[^`]+/[^`]+)` \\|").FindAllStringSubmatch(
		read("CONTRIBUTING.md"), -1) {
		listed[m[1]] = true
	}
	direct := 0
	for line := range strings.Lines(read("go.mod")) {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(words) != 2 || !strings.HasPrefix(words[1], "v") {
			continue // indirect, or something else
		}
		if direct++; !listed[words[0]] {
			t.Errorf("%s of go.mod does not stand in the table of dependencies in CONTRIBUTING.md", words[0])
		}
		delete(listed, words[0])
	}
	for name := range listed {
		t.Errorf("CONTRIBUTING.md lists %s, which is not a direct dependency in go.mod", name)
	}
	if direct < 10 {
		t.Errorf("only %d dependencies were found", direct)
	}
}
