package arch

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named is a function of ours in the table of goroutines: `package.function` or `package.(*Type).method`.
var named = regexp.MustCompile("`([a-z]+)\\.(?:\\(\\*[A-Za-z]+\\)\\.)?([A-Za-z]+)`")

// TestGoroutinesAreListed checks that each goroutine of the program is a named function in the table of
// ARCHITECTURE.md, and that the table has no others.
func TestGoroutinesAreListed(t *testing.T) {
	listed := readGoroutines(t)
	started := map[string]bool{}
	s := readSource(t)
	s.all(func(f *file) {
		if f.isTest() || isBlackBox(f.folder) || f.folder == common {
			return
		}
		pkg := path.Base(f.folder)
		ast.Inspect(f.File, func(n ast.Node) bool {
			name := startedBy(n)
			switch {
			case name == "":
			case name == unnamed:
				t.Errorf("%s: a goroutine without a name", s.at(n.Pos()))
			case !listed[pkg+"."+name]:
				t.Errorf("%s: the goroutine %s.%s does not stand in the table of ARCHITECTURE.md",
					s.at(n.Pos()), pkg, name)
			default:
				started[pkg+"."+name] = true
			}
			return true
		})
	})
	for name := range listed {
		if pkg, _, _ := strings.Cut(name, "."); !started[name] && hasPackage(s, pkg) {
			t.Errorf("ARCHITECTURE.md lists the goroutine %s, which nobody starts", name)
		}
	}
	if len(started) < 10 {
		t.Errorf("only %d goroutines were found", len(started))
	}
}

// unnamed stands for a function literal that does more than call one function.
const unnamed = "?"

// startedBy returns the function that a node starts as a goroutine, by go or by the method Go of a group. Empty: none.
func startedBy(n ast.Node) string {
	var started ast.Expr
	switch n := n.(type) {
	case *ast.GoStmt:
		started = n.Call.Fun
	case *ast.CallExpr:
		if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Go" && len(n.Args) == 1 {
			started = n.Args[0]
		}
	}
	switch f := started.(type) {
	case nil:
		return ""
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.FuncLit:
		return onlyCall(f.Body)
	}
	return unnamed
}

// onlyCall returns the function that a body of one statement calls.
func onlyCall(body *ast.BlockStmt) string {
	name := unnamed
	if len(body.List) == 1 {
		ast.Inspect(body.List[0], func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch f := call.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			return false
		})
	}
	return name
}

// readGoroutines returns the functions in the first column of the table in ARCHITECTURE.md.
func readGoroutines(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Goroutines\n")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]bool{}
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| main") { // which nobody starts
			continue
		}
		column, _, _ := strings.Cut(line[2:], " | ")
		for _, m := range named.FindAllStringSubmatch(column, -1) {
			listed[m[1]+"."+m[2]] = true
		}
	}
	return listed
}

// hasPackage reports whether one of our packages has that name.
func hasPackage(s *source, name string) bool {
	for folder := range s.folders {
		if path.Base(folder) == name && !isBlackBox(folder) {
			return true
		}
	}
	return false
}
