package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// levelRow is a row of the table of folders in ARCHITECTURE.md.
var levelRow = regexp.MustCompile("(?m)^\\| (\\d*) \\| `([^`]+)/` \\| .+ \\|$")

// readLevels returns the level of each folder from the table in ARCHITECTURE.md. A package may import ours only from
// lower levels. Folders without a level have no packages that others import.
func readLevels(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	levels, last := map[string]int{}, 0
	for _, row := range levelRow.FindAllStringSubmatch(string(text), -1) {
		if row[1] == "" {
			continue
		}
		level, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := levels[row[2]]; twice {
			t.Errorf("ARCHITECTURE.md names %s twice", row[2])
		}
		if level < last {
			t.Errorf("ARCHITECTURE.md has %s, of level %d, behind one of level %d", row[2], level, last)
		}
		levels[row[2]], last = level, level
	}
	return levels
}

// ours removes the module's path from an import.
func ours(path string) (folder string, ok bool) { return strings.CutPrefix(path, module+"/") }

func TestImportsGoOneWay(t *testing.T) {
	s, levels := readSource(t), readLevels(t)
	for folder := range levels {
		if len(s.folders[folder]) == 0 {
			t.Errorf("ARCHITECTURE.md gives %s a level, but there is no Go file", folder)
		}
	}
	s.all(func(f *file) {
		if isBlackBox(f.folder) {
			return
		}
		level, ok := levels[f.folder]
		if !ok {
			t.Errorf("%s/%s: the folder has no level in the table of ARCHITECTURE.md", f.folder, f.name)
			return
		}
		for _, path := range f.imports() {
			folder, ok := ours(path)
			if !ok {
				continue
			}
			if folder == common { // TestTestkit
				continue
			}
			if other, ok := levels[folder]; !ok || other >= level {
				t.Errorf("%s/%s of level %d imports %s of level %d", f.folder, f.name, level, path, other)
			}
		}
	})
}

// common is the package of what tests have in common.
const common = "internal/testkit"

// TestTestkit: only tests import testkit, those of any level. It knows nothing of magent, so the black-box tests may
// import it, too: it imports none of our packages.
func TestTestkit(t *testing.T) {
	s := readSource(t)
	importers := 0
	s.all(func(f *file) {
		for _, path := range f.imports() {
			folder, ok := ours(path)
			switch {
			case ok && f.folder == common:
				t.Errorf("%s/%s imports %s", f.folder, f.name, path)
			case !ok || folder != common:
			case f.isTest() || isBlackBox(f.folder):
				importers++
			default:
				t.Errorf("%s/%s imports %s, and is no test", f.folder, f.name, path)
			}
		}
	})
	if importers < 20 {
		t.Errorf("only %d files import %s", importers, common)
	}
}

// wiring has the folders that may know the configuration, besides the commands.
var wiring = []string{
	"internal/access", "internal/discover", "internal/placement", "internal/registry", "internal/pool",
	"internal/session", "internal/owner", "internal/proxy", "internal/run", "internal/fleet/launch",
	"internal/fleet/plan",
	"internal/maintenance",
}

// TestConfigStaysOutside checks that only the wiring knows the configuration. Other packages have their own options.
func TestConfigStaysOutside(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if strings.HasPrefix(f.folder, "cmd/") || slices.Contains(wiring, f.folder) {
			return
		}
		for _, path := range f.imports() {
			if path == module+"/internal/config" {
				t.Errorf("%s/%s imports %s", f.folder, f.name, path)
			}
		}
	})
}

// TestBlackBox checks that the tests below test/ see the proxy as its clients do: they import none of our packages.
func TestBlackBox(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if !isBlackBox(f.folder) {
			return
		}
		for _, path := range f.imports() {
			if folder, ok := ours(path); ok && !isBlackBox(folder) && folder != common {
				t.Errorf("%s/%s imports %s", f.folder, f.name, path)
			}
		}
	})
}

func isBlackBox(folder string) bool { return folder == "test" || strings.HasPrefix(folder, "test/") }
