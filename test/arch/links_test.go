package arch

import (
	"path/filepath"
	"testing"

	"magent/internal/testkit"
)

// TestLinks checks each link in Markdown that leads into this repository: the file must exist, and its heading as
// well.
func TestLinks(t *testing.T) {
	pages := 0
	walk(t, func(path string) {
		if filepath.Ext(path) == ".md" {
			pages++
			testkit.CheckLinks(t, filepath.Join("..", ".."), path)
		}
	})
	if pages < 10 {
		t.Fatalf("%d pages", pages)
	}
}
