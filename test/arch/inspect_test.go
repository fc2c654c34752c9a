package arch

import (
	"go/ast"
	"go/token"
	"path"
	"testing"
)

// inspectFile is the file of a package with what only tests of other packages may use.
const inspectFile = "inspect.go"

// TestInspectIsForTests checks that what an inspect.go declares is used by tests, and by nothing else.
func TestInspectIsForTests(t *testing.T) {
	s := readSource(t)
	seen := 0
	for folder, files := range s.folders {
		for _, f := range files {
			if f.name != inspectFile {
				continue
			}
			seen++
			names, used := declared(f), map[string]bool{}
			s.all(func(user *file) {
				for name, pos := range usesOf(user, module+"/"+folder) {
					if _, is := names[name]; is && !user.isTest() {
						t.Errorf("%s: %s.%s is for tests", s.at(pos), path.Base(folder), name)
					}
					used[name] = true
				}
			})
			for name, isType := range names { // a type may be used through a function alone
				if ast.IsExported(name) && !isType && !used[name] {
					t.Errorf("%s/%s: %s is used by no test of another package", folder, f.name, name)
				}
			}
			for a := range arrows(s, folder, files) {
				if a.to == inspectFile {
					t.Errorf("%s/%s uses what is for tests", folder, a.from)
				}
			}
		}
	}
	if seen == 0 {
		t.Errorf("no %s was found", inspectFile)
	}
}

// usesOf returns the names that a file uses of a package, each with a place.
func usesOf(f *file, importPath string) map[string]token.Pos {
	uses := map[string]token.Pos{}
	for i, p := range f.imports() {
		if p != importPath {
			continue
		}
		local := path.Base(importPath)
		if name := f.Imports[i].Name; name != nil {
			local = name.Name
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
					uses[sel.Sel.Name] = sel.Pos()
				}
			}
			return true
		})
	}
	return uses
}

// declared returns the names that a file declares on the level of the package, methods excepted, and which are types.
func declared(f *file) map[string]bool {
	names := map[string]bool{}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names[d.Name.Name] = false
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names[spec.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names[name.Name] = false
					}
				}
			}
		}
	}
	return names
}
