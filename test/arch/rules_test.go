package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestRulesBite gives each rule something to find.
func TestRulesBite(t *testing.T) {
	const code = `package p
import "time"
var sentinel = f()
var table = map[string]int{}
var state int
func init() {}
func f() int {
	table := table // a local one
	table["x"] = 1
	var _ chan int
	go f()
	time.Now()
	return 0
}
func g() { table["y"] = 2; sentinel++; delete(table, "y") }
`
	s := &source{fset: token.NewFileSet()}
	f, err := parser.ParseFile(s.fset, "p.go", code, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if got := packageState(s, "p", []*ast.File{f}); len(got) != 4 {
		t.Errorf("package state: %q", got)
	}
	found := 0
	ast.Inspect(f, func(n ast.Node) bool {
		if impurity(n) != "" {
			found++
		}
		return true
	})
	if found != 4 {
		t.Errorf("%d impurities", found)
	}
	for path, want := range map[string]bool{
		"net": true, "net/http": true, "sync": true, "sync/atomic": true,
		"net/netip": false, "strings": false,
	} {
		if forbiddenImport(path) != want {
			t.Errorf("import of %s", path)
		}
	}
}
