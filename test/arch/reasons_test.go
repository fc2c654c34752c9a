package arch

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reason finds errors, the words for those of others (internal/cause), and the only text of an Error method.
var reason = regexp.MustCompile(
	`(?s)(?:errors\.New\(\s*|Because\(|text(?: :=|:) |Error\(\) string \{ return )"([^"]+?)[: ]*"`)

// TestReasons checks that docs/troubleshooting.md explains each reason for which a server may be out of use.
func TestReasons(t *testing.T) {
	root := filepath.Join("..", "..")
	manual := read(t, filepath.Join(root, "docs", "troubleshooting.md"))
	elsewhere := []string{ // answers to clients, what is never logged as a reason, and parts of other texts
		"shutting down", "it decides no more", "another member decides now", "it is drained by ",
		"no member decides at present, and this was not carried out", "it was given up",
		// What is found out about a server that is used, and what only the start or a command says.
		"it lacks the meta commands of memcached 1.6.10 and later",
		"it lacks the E flag of ms, which memcached has since 1.6.27",
		"there is no certificate in it (PEM)", "there is no key in it (PEM)",
		"the first user or its password has a blank, and so cannot be told to a memcached",
		// Faults of magent itself
		"a TLS handshake has ended within a record", "a line of the key log has not three words",
	}
	seen := 0
	for _, pattern := range []string{
		"backend/*.go", "backend/hello/*.go", "internal/pool/*.go", "internal/registry/*.go", "internal/discover/*.go",
		"internal/handshake/*.go", "internal/login/say.go", "internal/cause/*.go", "internal/loop/seal.go",
		"internal/redis/client.go",
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
				said, _, _ := strings.Cut(found[1], ": ") // and what to do
				known := strings.Contains(strings.Join(elsewhere, "\n"), said)
				if !known && !strings.Contains(manual, said) {
					t.Errorf("%s: the reason %q does not stand in docs/troubleshooting.md", file, said)
				}
			}
		}
	}
	if seen < 50 {
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
