package arch

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"strings"
	"testing"
)

// TestNoPackageState checks that package variables are only sentinels and tables: they have a value that never
// changes.
func TestNoPackageState(t *testing.T) {
	s := readSource(t)
	for folder, files := range s.folders {
		if isBlackBox(folder) {
			continue
		}
		var asts []*ast.File
		for _, f := range files {
			if !f.isTest() {
				asts = append(asts, f.File)
			}
		}
		for _, complaint := range packageState(s, folder, asts) {
			t.Error(complaint)
		}
	}
}

// packageState returns the variables of a package that have no value or are assigned to.
func packageState(s *source, folder string, files []*ast.File) []string {
	var complaints []string
	for _, f := range files {
		for _, decl := range f.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.VAR {
				for _, spec := range gen.Specs {
					if value := spec.(*ast.ValueSpec); len(value.Values) == 0 && !embedded(gen, value) {
						complaints = append(complaints, s.at(value.Pos())+": a package variable without a value")
					}
				}
			}
		}
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checker := types.Config{Importer: strangers{}, Error: func(error) {}} // what others export is of no interest here
	pkg, _ := checker.Check(folder, s.fset, files, info)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			for _, target := range changed(n) {
				v, ok := info.Uses[root(target)].(*types.Var)
				if ok && v.Parent() == pkg.Scope() {
					complaints = append(complaints, s.at(target.Pos())+": package variable "+v.Name()+" is changed")
				}
			}
			return true
		})
	}
	return complaints
}

// embedded variables get their value from a go:embed line.
func embedded(gen *ast.GenDecl, value *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{gen.Doc, value.Doc} {
		if doc == nil {
			continue
		}
		for _, line := range doc.List {
			if strings.HasPrefix(line.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// changed returns the expressions that a statement changes.
func changed(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	case *ast.CallExpr:
		if fn, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 &&
			(fn.Name == "delete" || fn.Name == "clear" || fn.Name == "copy") {
			return n.Args[:1]
		}
	}
	return nil
}

// root returns the variable at the root of an expression such as table[i].field, or nil.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// strangers is a types.Importer that returns an empty package for every import.
type strangers struct{}

// Import implements types.Importer.
func (strangers) Import(name string) (*types.Package, error) {
	pkg := types.NewPackage(name, path.Base(name))
	pkg.MarkComplete()
	return pkg, nil
}
