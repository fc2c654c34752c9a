package arch

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// endsEarly is a pipe into a program that may end before it has read everything. With pipefail the program in front of
// it then fails now and then, by SIGPIPE.
var endsEarly = regexp.MustCompile(`\|\s*(grep\s+-\w*[qm]|head\b)`)

// TestPipesAreReadToTheirEnd looks at all scripts that set pipefail.
func TestPipesAreReadToTheirEnd(t *testing.T) {
	scripts := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".sh" && filepath.Base(filepath.Dir(path)) != ".ci":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(text, []byte("pipefail")) {
			return err
		}
		scripts++
		for n, line := range bytes.Split(text, []byte("\n")) {
			if endsEarly.Match(line) {
				t.Errorf("%s:%d: pipe into a variable, or read to the end: %s", path, n+1, line)
			}
		}
		return nil
	})
	if err != nil || scripts < 5 {
		t.Errorf("%d scripts with pipefail: %v", scripts, err)
	}
}

func TestPipesAreReadToTheirEndBites(t *testing.T) {
	for line, want := range map[string]bool{
		"php -m | grep -qx memcached": true, "a | grep -q b": true, "a | head -1": true, "a |grep -m1 b": true,
		"a | grep -x b >/dev/null": false, "a | sort": false, "grep -q b <<<\"$x\"": false,
	} {
		if endsEarly.MatchString(line) != want {
			t.Errorf("%q", line)
		}
	}
}
