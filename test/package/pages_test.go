package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magent/test/harness"
)

// blocks returns the blocks of commands below a heading of a page in docs.
func blocks(t *testing.T, page, heading string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, found := range regexp.MustCompile("(?s)\n```\n(.*?\n)```\n").FindAllStringSubmatch(section, -1) {
		all = append(all, found[1])
	}
	if len(all) == 0 {
		t.Fatalf("docs/%s has no commands below %q", page, heading)
	}
	return all
}

// block returns the first of them, as a file.
func block(t *testing.T, dir, page, heading string) (path string) {
	t.Helper()
	path = filepath.Join(dir, strings.ReplaceAll(strings.ToLower(heading), " ", "-"))
	if err := os.WriteFile(path, []byte(blocks(t, page, heading)[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestProductionPages runs the commands of the pages about production exactly as they are written, on a copy of this
// system with the addresses in them. The result must serve.
func TestProductionPages(t *testing.T) {
	root, dir := harness.Root(t), t.TempDir()
	project := filepath.Join(dir, "project.tar")
	run(t, "tar", "-C", root, "-cf", project, "deploy")
	files := []string{project, filepath.Join(tree(t), "magent"), deb(t)}
	for _, at := range [][2]string{
		{"install.md", "Packages"},
		{"install.md", "systemd"},
		{"operations.md", "Upgrade without an outage"},
		{"vip.md", "A virtual address: keepalived"},
	} {
		files = append(files, block(t, dir, at[0], at[1]))
	}
	inOverlay(t, "readme.sh", files...)
}

// TestQuickStart runs the commands of README's quick start exactly as they are written.
func TestQuickStart(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(harness.Root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Try it\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)\n```\n(.*?\n)```\n").FindAllStringSubmatch(section, -1)
	names := []string{"run", "start", "first", "second", "again", "end"}
	if len(blocks) != len(names) || blocks[0][1] != "make run\n" {
		t.Fatalf("README.md has %d blocks below \"Try it\", or does not begin with make run", len(blocks))
	}
	dir, files := t.TempDir(), []string{filepath.Join(tree(t), "magent")}
	for i, name := range names[1:] {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(blocks[i+1][1]), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	inOverlay(t, "quickstart.sh", files...)
}

// TestMaintenancePage runs the commands of the page about maintenance exactly as they are written.
func TestMaintenancePage(t *testing.T) {
	blocks := blocks(t, "operations.md", "Take a server out for maintenance")
	names := []string{"start", "drain", "work", "undrain", "end"}
	if len(blocks) != len(names) {
		t.Fatalf("docs/operations.md has %d blocks about maintenance", len(blocks))
	}
	dir, files := t.TempDir(), []string{filepath.Join(tree(t), "magent")}
	for i, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(blocks[i]), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	inOverlay(t, "maintenance.sh", files...)
}

// TestFleetPage runs the commands of the page about fleets exactly as they are written.
func TestFleetPage(t *testing.T) {
	dir, files := t.TempDir(), []string{filepath.Join(tree(t), "magent")}
	for heading, names := range map[string][]string{
		"Try it":     {"start", "kill", "end"},
		"Set one up": {"set-up", "witness"},
	} {
		blocks := blocks(t, "fleet.md", heading)
		if len(blocks) != len(names) {
			t.Fatalf("docs/fleet.md has %d blocks below %q", len(blocks), heading)
		}
		for i, name := range names {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(blocks[i]), 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, path)
		}
	}
	inOverlay(t, "fleet.sh", files...)
}
