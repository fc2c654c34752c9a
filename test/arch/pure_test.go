package arch

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magent/test/harness"
)

// pure has the packages that one loop drives: nothing in them starts goroutines, waits, locks, connects or reads a
// clock.
var pure = []string{
	"ascii", "resp", "backend", "backend/hello", "backend/ring", "failover", "replicate", "replicate/decide",
	"replicate/repair",
	"internal/call", "internal/distribute", "internal/hot",
	"internal/fleet/view", "internal/fleet/lease", "internal/fleet/core", "internal/fleet/forward",
}

// clocks are the functions of package time that read a clock or wait.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

func TestPurePackages(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if !slices.Contains(pure, f.folder) || f.isTest() {
			return
		}
		for _, path := range f.imports() {
			if forbiddenImport(path) {
				t.Errorf("%s/%s imports %s", f.folder, f.name, path)
			}
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if what := impurity(n); what != "" {
				t.Errorf("%s: %s", s.at(n.Pos()), what)
			}
			return true
		})
	})
}

func forbiddenImport(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first == "sync" || (first == "net" && path != "net/netip") // an address is a plain value
}

// impurity returns what a pure package must not have; empty: nothing.
func impurity(n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a goroutine"
	case *ast.ChanType:
		return "a channel"
	case *ast.FuncDecl:
		if n.Recv == nil && n.Name.Name == "init" {
			return "func init"
		}
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, n.Sel.Name) {
			return "time." + n.Sel.Name + ": the time is an argument"
		}
	}
	return ""
}

// TestNoInit checks that no package has an init function.
func TestNoInit(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: func init", s.at(fn.Pos()))
			}
		}
	})
}

// TestSinglePackages checks that in what the Makefile keeps from the race detector nothing runs beside the test.
func TestSinglePackages(t *testing.T) {
	root, err := harness.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^SINGLE = (.*)$`).FindStringSubmatch(string(text))
	if list == nil {
		t.Fatal("the Makefile has no SINGLE")
	}
	single, found := regexp.MustCompile("^("+list[1]+")$"), map[string]bool{}
	readSource(t).all(func(f *file) {
		if !single.MatchString(f.folder) {
			return
		}
		found[f.folder] = true
		for _, path := range f.imports() {
			if path == "sync" || strings.HasPrefix(path, "sync/") || path == module+"/test/harness" {
				t.Errorf("%s/%s imports %s", f.folder, f.name, path)
			}
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if concurrent(n) {
				t.Errorf("%s/%s has a goroutine, a channel or a test that is parallel", f.folder, f.name)
			}
			return true
		})
	})
	if want := 1 + strings.Count(list[1], "|"); len(found) != want {
		t.Errorf("%d packages of %d: %v", len(found), want, found)
	}
}

// concurrent reports whether a node starts something that runs beside it, or waits for that.
func concurrent(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt, *ast.ChanType:
		return true
	case *ast.SelectorExpr:
		return n.Sel.Name == "Parallel"
	}
	return false
}
