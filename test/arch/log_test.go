package arch

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// TestLogFields checks that docs/monitoring.md has exactly the fields of the log: programs that read the log rely on
// their names.
func TestLogFields(t *testing.T) {
	s := readSource(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	table := regexp.MustCompile(`(?s)\n## Log\n.*?\n## `).Find(text)
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllSubmatch(table, -1) {
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllSubmatch(row[1], -1) {
			documented[string(name[1])] = false
		}
	}
	for _, name := range []string{"time", "level", "message", "admin", "stats"} { // of the library, and run.Admin.Name
		documented[name] = true
	}
	s.all(func(f *file) {
		if f.isTest() || isBlackBox(f.folder) {
			return
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			name, ok := logField(n)
			if _, known := documented[name]; ok && !known {
				t.Errorf("%s: the field %q does not stand in docs/monitoring.md, section Log", s.at(n.Pos()), name)
			} else if ok {
				documented[name] = true
			}
			return true
		})
	})
	for name, used := range documented {
		if !used {
			t.Errorf("docs/monitoring.md has a field %q that no line of the log has", name)
		}
	}
}

// logField returns the name of the field that a call adds to a log line. It is a method of zerolog.Event or
// zerolog.Context, called on the result of such a method.
func logField(n ast.Node) (name string, ok bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return "", false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	literal, isText := call.Args[0].(*ast.BasicLit)
	methods := []string{
		"Str", "Strs", "Int", "Int64", "Uint64", "Float64", "Dur", "AnErr", "Bool", "Bytes",
		"Time", "Stringer",
	}
	if !ok || !isText || literal.Kind != token.STRING || !slices.Contains(methods, sel.Sel.Name) {
		return "", false
	}
	switch sel.X.(type) {
	case *ast.CallExpr, *ast.Ident:
		name, err := strconv.Unquote(literal.Value)
		return name, err == nil
	}
	return "", false
}
