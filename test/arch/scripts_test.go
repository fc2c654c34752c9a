package arch

import (
	"bytes"
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
	walk(t, func(path string) {
		if filepath.Ext(path) != ".sh" && filepath.Base(filepath.Dir(path)) != ".ci" {
			return
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("pipefail")) {
			return
		}
		scripts++
		for n, line := range bytes.Split(text, []byte("\n")) {
			if endsEarly.Match(line) {
				t.Errorf("%s:%d: pipe into a variable, or read to the end: %s", path, n+1, line)
			}
		}
	})
	if scripts < 5 {
		t.Errorf("%d scripts with pipefail", scripts)
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
