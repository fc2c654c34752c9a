package arch

import (
	"io/fs"
	"path/filepath"
	"testing"
)

// walk calls visit with the path of each file of this repository. It leaves out what git and npm
// keep in it.
func walk(t *testing.T, visit func(path string)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case !d.IsDir():
			files++
			visit(path)
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v", files, err)
	}
}
