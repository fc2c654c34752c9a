package arch

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxLines is the largest number of lines of a file. Files should have 100 to 300 lines.
const maxLines = 400

func TestFileSize(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if f.lines > maxLines {
			t.Errorf("%s/%s has %d lines, more than %d", f.folder, f.name, f.lines, maxLines)
		}
	})
}

// maxPackage is the largest number of lines of a package.
const maxPackage = 3000

// TestPackageSize counts the lines of a package without its tests.
func TestPackageSize(t *testing.T) {
	s := readSource(t)
	for folder, files := range s.folders {
		if lines := packageLines(files); !isBlackBox(folder) && lines > maxPackage {
			t.Errorf("%s has %d lines, more than %d", folder, lines, maxPackage)
		}
	}
}

func packageLines(files []*file) (lines int) {
	for _, f := range files {
		if !f.isTest() {
			lines += f.lines
		}
	}
	return lines
}

// TestNoLeftovers: tools leave copies of files behind, which nobody wants in the repository.
func TestNoLeftovers(t *testing.T) {
	walk(t, func(path string) {
		leftover := slices.Contains([]string{".orig", ".rej", ".swp", ".bak"}, filepath.Ext(path))
		if leftover || strings.HasSuffix(path, "~") {
			t.Errorf("%s is left over from a tool: remove it", path)
		}
	})
}

// TestOnePackageDoc checks that every package has one package comment. A package of tests has it in a test file.
func TestOnePackageDoc(t *testing.T) {
	s := readSource(t)
	for folder, files := range s.folders {
		onlyTests := !slices.ContainsFunc(files, func(f *file) bool { return !f.isTest() })
		var docs []string
		for _, f := range files {
			if f.Doc != nil && f.isTest() == onlyTests {
				docs = append(docs, f.name)
			}
		}
		if len(docs) != 1 {
			t.Errorf("%s has %d package docs %v, want one", folder, len(docs), docs)
		}
	}
}

// TestNoSkips checks that no test skips itself, except those that need namespaces (harness.NeedNamespaces).
func TestNoSkips(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if !isBlackBox(f.folder) || f.folder == "test/harness" {
			return
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok &&
					slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
					t.Errorf("%s: %s", s.at(call.Pos()), sel.Sel.Name)
				}
			}
			return true
		})
	})
}
