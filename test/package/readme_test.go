package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magent/test/harness"
)

// block is the first block of commands below a heading of README, as a file.
func block(t *testing.T, dir, heading string) (path string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n### " + regexp.QuoteMeta(heading) + "\n.*?\n```\n(.*?)\n```\n").FindSubmatch(text)
	if found == nil || strings.Contains(string(found[0][1:]), "\n### "+heading+"\n") && strings.Count(string(found[0]), "\n### ") > 1 {
		t.Fatalf("README.md has no commands below %q", heading)
	}
	path = filepath.Join(dir, strings.ReplaceAll(strings.ToLower(heading), " ", "-"))
	if err := os.WriteFile(path, append(found[1], '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestProductionPages runs the commands of README's pages about production as they stand there, on a copy of this system that
// has the addresses which they name: what they set up has to serve.
func TestProductionPages(t *testing.T) {
	root, dir := harness.Root(t), t.TempDir()
	project := filepath.Join(dir, "project.tar")
	run(t, "tar", "-C", root, "-cf", project, "deploy")
	files := []string{project, filepath.Join(tree(t), "magent"), deb(t)}
	for _, heading := range []string{"Packages", "systemd", "Upgrade without an outage", "A virtual address: keepalived"} {
		files = append(files, block(t, dir, heading))
	}
	inOverlay(t, "readme.sh", files...)
}
