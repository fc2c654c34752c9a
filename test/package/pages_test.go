package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magent/test/harness"
)

// block is the first block of commands below a heading of a page in docs, as a file.
func block(t *testing.T, dir, page, heading string) (path string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := regexp.MustCompile("(?s)\n```\n(.*?)\n```\n").FindStringSubmatch(section)
	if found == nil {
		t.Fatalf("docs/%s has no commands below %q", page, heading)
	}
	path = filepath.Join(dir, strings.ReplaceAll(strings.ToLower(heading), " ", "-"))
	if err := os.WriteFile(path, []byte(found[1]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestProductionPages runs the commands of the pages about production as they stand there, on a copy of this system that has
// the addresses which they name: what they set up has to serve.
func TestProductionPages(t *testing.T) {
	root, dir := harness.Root(t), t.TempDir()
	project := filepath.Join(dir, "project.tar")
	run(t, "tar", "-C", root, "-cf", project, "deploy")
	files := []string{project, filepath.Join(tree(t), "magent"), deb(t)}
	for _, at := range [][2]string{
		{"install.md", "Packages"}, {"install.md", "systemd"},
		{"operations.md", "Upgrade without an outage"}, {"vip.md", "A virtual address: keepalived"},
	} {
		files = append(files, block(t, dir, at[0], at[1]))
	}
	inOverlay(t, "readme.sh", files...)
}
