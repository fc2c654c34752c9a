package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"magent/test/harness"
)

// module is the import path of our module.
const module = "magent"

// file is a parsed source file.
type file struct {
	*ast.File
	folder string // below the root, with slashes
	name   string
	lines  int
}

func (f *file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// source has the files of the module, by folder.
type source struct {
	fset    *token.FileSet
	folders map[string][]*file
}

// all calls visit for each file, in a fixed order.
func (s *source) all(visit func(*file)) {
	var names []string
	for name := range s.folders {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, f := range s.folders[name] {
			visit(f)
		}
	}
}

// at returns a position as text, for messages.
func (s *source) at(pos token.Pos) string {
	p := s.fset.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// readSource returns every Go file of the module.
func readSource(t *testing.T) *source {
	t.Helper()
	s, err := parsedSource()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// parsedSource parses them once for all tests.
var parsedSource = sync.OnceValues(func() (*source, error) {
	root, err := harness.ModuleRoot()
	if err != nil {
		return nil, err
	}
	s := &source{fset: token.NewFileSet(), folders: map[string][]*file{}}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		hidden := strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules"
		if entry.IsDir() && name != root && hidden {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(base, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(s.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		folder := path.Dir(filepath.ToSlash(rel))
		s.folders[folder] = append(s.folders[folder],
			&file{parsed, folder, base, s.fset.File(parsed.Pos()).LineCount()})
		return nil
	})
	if err == nil && len(s.folders) < 3 {
		err = fmt.Errorf("only %d folders below %s", len(s.folders), root)
	}
	return s, err
})
