package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// TestLinks checks each link in Markdown that leads into this repository: the file must exist, and its heading as
// well.
func TestLinks(t *testing.T) {
	pages := 0
	walk(t, func(path string) {
		if filepath.Ext(path) == ".md" {
			pages++
			checkLinks(t, path)
		}
	})
	if pages < 10 {
		t.Fatalf("%d pages", pages)
	}
}

func checkLinks(t *testing.T, page string) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(prose(t, page), -1) {
		target, anchor, _ := strings.Cut(m[1], "#")
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		path := page
		if target != "" {
			path = filepath.Join(filepath.Dir(page), target)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: the link %s leads nowhere: %v", page, m[1], err)
		} else if anchor != "" && !anchors(t, path)[anchor] {
			t.Errorf("%s: the link %s leads to no heading of %s", page, m[1], path)
		}
	}
}

// prose returns the text of a page without its blocks of code.
func prose(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return fence.ReplaceAllString(string(text), "")
}

// anchors returns the names of a page's headings, as code hosts make them.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(prose(t, page), -1) {
		names[strings.ReplaceAll(strings.ToLower(noSlug.ReplaceAllString(m[1], "")), " ", "-")] = true
	}
	return names
}
