package arch

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"magent/test/harness"
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

// TestVersionsNamesTests checks that versions.sh names only tests that there are, in the suites that it runs: a test
// with another name would be run, or be left out, and nobody would see it.
func TestVersionsNamesTests(t *testing.T) {
	root, err := harness.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(root, "deploy/dev/versions.sh"))
	if err != nil {
		t.Fatal(err)
	}
	test := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	var tests []string
	for _, suite := range []string{"behaviour", "failover", "verify", "chaos"} {
		files, err := filepath.Glob(filepath.Join(root, "test", suite, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no tests: %v", suite, err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range test.FindAllSubmatch(source, -1) {
				tests = append(tests, string(found[1]))
			}
		}
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(script), -1)
	for _, name := range named {
		if !slices.Contains(tests, name) {
			t.Errorf("versions.sh names %s, and there is no such test", name)
		}
	}
	if len(named) < 20 {
		t.Errorf("versions.sh names %d tests", len(named))
	}
}
