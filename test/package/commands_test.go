package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magent/test/harness"
)

// fenced returns all blocks of a page in docs, of commands and of files.
func fenced(t *testing.T, page string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split("\n"+string(text), "\n```") {
		if i%2 == 1 { // the text of a block follows what stands behind its fence, as in ```yaml
			_, block, _ := strings.Cut(part, "\n")
			all = append(all, block+"\n")
		}
	}
	return all
}

// commandsIn returns the commands of a block, without what is said of them.
func commandsIn(block string) (all []string) {
	comment := regexp.MustCompile(`(^| +)# .*`)
	for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", "")) {
		if command := strings.TrimSpace(comment.ReplaceAllString(strings.TrimSpace(line), "")); command != "" {
			all = append(all, command)
		}
	}
	return all
}

// TestMigrationPages runs the commands of the pages for those who come from magent 0.5 and from twemproxy, and those
// about TLS, exactly as they are written. Each is run by itself, where the page has several that would serve the same.
func TestMigrationPages(t *testing.T) {
	dir := t.TempDir()
	files := []string{filepath.Join(tree(t), "magent"), filepath.Join(tree(t), "nutcracker")}
	file := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	numbered := func(name, block string, want int) {
		t.Helper()
		commands := commandsIn(block)
		if len(commands) != want {
			t.Fatalf("%s: %d commands, want %d: %q", name, len(commands), want, commands)
		}
		for i, command := range commands {
			file(name+"-"+string(rune('1'+i)), command+"\n")
		}
	}
	one, two, tls := fenced(t, "migrate-magent.md"), fenced(t, "migrate-twemproxy.md"), blocks(t, "install.md", "TLS")
	if len(one) != 1 || len(two) != 3 || len(tls) != 2 {
		t.Fatalf("%d, %d and %d blocks", len(one), len(two), len(tls))
	}
	numbered("magent", one[0], 2)
	numbered("nutcracker", two[0], 3)
	file("nutcracker.yml", two[1])
	numbered("flags", two[2], 1)
	file("certificates", tls[0])
	numbered("tls", tls[1], 4)
	inOverlay(t, "migrate.sh", files...)
}

// TestContainerPage: what docs/install.md says of containers cannot be run where there is none of these programs. What
// the commands name is there.
func TestContainerPage(t *testing.T) {
	unrun := map[string]string{
		"docker": "there is no container runtime where tests run",
		"skopeo": "there is no registry to copy to",
	}
	seen := map[string]bool{}
	for _, command := range commandsIn(blocks(t, "install.md", "Container")[0]) {
		words := strings.Fields(command)
		if unrun[words[0]] == "" {
			t.Errorf("%q could be run", command)
		}
		seen[words[0]] = true
		for _, word := range words {
			word = strings.TrimPrefix(word, "oci-archive:")
			switch {
			case strings.HasPrefix(word, "dist/"):
				// The version is that of this source.
				part(t, strings.Replace(filepath.Base(word), "1.0.0-dev", "*", 1))
			case strings.HasPrefix(word, "deploy/"):
				if _, err := os.Stat(filepath.Join(harness.Root(t), word)); err != nil {
					t.Error(err)
				}
			case strings.HasPrefix(word, "MAGENT_"):
				name, _, _ := strings.Cut(word, "=")
				if page := run(t, filepath.Join(tree(t), "magent"), "man"); !strings.Contains(page, name) {
					t.Errorf("magent has no %s", name)
				}
			}
		}
	}
	for program, why := range unrun {
		if !seen[program] {
			t.Errorf("%s (%s) is an exception, and not in docs/install.md", program, why)
		}
	}
	if !slices.Contains(commandsIn("a b  # c\nd \\\n  e\n"), "d   e") {
		t.Error("commands are not read as they should be")
	}
}
