package arch

import (
	"go/ast"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An arrow goes from a file that uses a declaration to the file of the same package that has it.
type arrow struct{ folder, from, to string }

// String returns the arrow as it stands in the list of exceptions.
func (a arrow) String() string { return a.folder + " " + a.from + " " + a.to }

// TestArrowsRunOneWay checks that a package can be read file by file: no two files need each other, directly or
// through others. Without the exceptions in testdata/arrows.txt, the arrows of a package form no circle. The list has
// no arrow that it does not need.
func TestArrowsRunOneWay(t *testing.T) {
	s := readSource(t)
	listed := exceptions(t)
	for folder, files := range s.folders {
		if isBlackBox(folder) {
			continue
		}
		all := arrows(s, folder, files)
		rest := maps.Clone(all)
		maps.DeleteFunc(rest, func(a arrow, _ bool) bool { return listed[a] })
		if circle := circleIn(rest); len(circle) > 0 {
			t.Errorf(
				"files of %s need each other: %s. Move what closes the circle, or add the line %q to "+
					"testdata/arrows.txt",
				folder, strings.Join(circle, " -> "), arrow{folder, circle[0], circle[1]})
		}
		for a := range all {
			if !listed[a] {
				continue
			}
			if rest[a] = true; circleIn(rest) == nil {
				t.Errorf("testdata/arrows.txt need not list %q: without it there is no circle either", a)
			}
			delete(rest, a)
			delete(listed, a)
		}
	}
	for a := range listed {
		t.Errorf("testdata/arrows.txt lists %q, which is not there", a)
	}
}

// exceptions returns the arrows that may run back.
func exceptions(t *testing.T) map[arrow]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "arrows.txt"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[arrow]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		w := strings.Fields(line)
		if len(w) != 3 {
			t.Fatalf("testdata/arrows.txt: %q is no arrow", line)
		}
		listed[arrow{w[0], w[1], w[2]}] = true
	}
	return listed
}

// arrows returns the arrows of a package, without its tests.
func arrows(s *source, folder string, files []*file) map[arrow]bool {
	var asts []*ast.File
	for _, f := range files {
		if !f.isTest() {
			asts = append(asts, f.File)
		}
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checker := types.Config{Importer: strangers{}, Error: func(error) {}} // what others export is of no interest here
	pkg, _ := checker.Check(folder, s.fset, asts, info)
	found := map[arrow]bool{}
	for id, object := range info.Uses {
		if object.Pkg() != pkg || !object.Pos().IsValid() {
			continue
		}
		from, to := s.fset.Position(id.Pos()).Filename, s.fset.Position(object.Pos()).Filename
		if from != to {
			found[arrow{folder, path.Base(filepath.ToSlash(from)), path.Base(filepath.ToSlash(to))}] = true
		}
	}
	return found
}

// circleIn returns files that need each other, the first one again at the end; nil: there are none.
func circleIn(all map[arrow]bool) []string {
	next := map[string][]string{}
	for a := range all {
		next[a.from] = append(next[a.from], a.to)
	}
	done := map[string]bool{}
	var way, circle []string
	var visit func(name string)
	visit = func(name string) {
		if at := slices.Index(way, name); at >= 0 {
			circle = append(slices.Clone(way[at:]), name)
		}
		if circle != nil || done[name] {
			return
		}
		way = append(way, name)
		slices.Sort(next[name])
		for _, to := range next[name] {
			visit(to)
		}
		way = way[:len(way)-1]
		done[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(next)) {
		visit(name)
	}
	return circle
}

// TestCircleIn gives the rule something to find, and something not to.
func TestCircleIn(t *testing.T) {
	line := map[arrow]bool{{"p", "a.go", "b.go"}: true, {"p", "b.go", "c.go"}: true, {"p", "a.go", "c.go"}: true}
	if circle := circleIn(line); circle != nil {
		t.Errorf("found %v in a line", circle)
	}
	line[arrow{"p", "c.go", "a.go"}] = true
	if circle := circleIn(line); !slices.Equal(circle, []string{"a.go", "b.go", "c.go", "a.go"}) {
		t.Errorf("found %v", circle)
	}
}
