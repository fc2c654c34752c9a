package arch

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var reason = regexp.MustCompile(`(?s)errors\.New\(\s*"([^"]+?):?"`)

// TestReasons checks that docs/troubleshooting.md explains each reason for which a server may be out of use.
func TestReasons(t *testing.T) {
	root := filepath.Join("..", "..")
	manual := read(t, filepath.Join(root, "docs", "troubleshooting.md"))
	elsewhere := []string{ // answers to clients, what is never logged as a reason, and parts of other texts
		"shutting down", "it decides no more", "another member decides now", "it is drained by ",
		"no member decides at present, and this was not carried out",
	}
	seen := 0
	for _, pattern := range []string{
		"backend/errors.go", "backend/hello/*.go", "internal/pool/*.go",
	} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, found := range reason.FindAllStringSubmatch(read(t, file), -1) {
				seen++
				known := strings.Contains(strings.Join(elsewhere, "\n"), found[1])
				if !known && !strings.Contains(manual, found[1]) {
					t.Errorf("%s: the reason %q does not stand in docs/troubleshooting.md", file, found[1])
				}
			}
		}
	}
	if seen < 25 {
		t.Errorf("only %d reasons were found", seen)
	}
}

var complaint = regexp.MustCompile(`(?:Complain|ComplainOf|cutOff)\("([^"]+)"`)

// TestComplaints checks that docs/troubleshooting.md has what is logged about clients and limits.
func TestComplaints(t *testing.T) {
	manual := read(t, filepath.Join("..", "..", "docs", "troubleshooting.md"))
	seen := map[string]bool{}
	s := readSource(t)
	s.all(func(f *file) {
		if f.isTest() || isBlackBox(f.folder) {
			return
		}
		text := read(t, filepath.Join("..", "..", f.folder, f.name))
		for _, found := range complaint.FindAllStringSubmatch(text, -1) {
			seen[found[1]] = true
			if !strings.Contains(manual, found[1]) {
				t.Errorf("%s/%s: %q does not stand in docs/troubleshooting.md", f.folder, f.name, found[1])
			}
		}
	})
	if len(seen) < 12 {
		t.Errorf("only %d complaints were found", len(seen))
	}
}
