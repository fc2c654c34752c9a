package testkit

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

// CheckLinks checks each link of a page in Markdown that leads to a file: it must exist in the folder root, and so
// must its heading.
func CheckLinks(t *testing.T, root, page string) {
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
		inside, err := filepath.Rel(root, path)
		if err == nil {
			_, err = os.Stat(path)
		}
		switch {
		case err != nil:
			t.Errorf("%s: the link %s leads nowhere: %v", page, m[1], err)
		case !filepath.IsLocal(inside):
			t.Errorf("%s: the link %s leads out of %s", page, m[1], root)
		case anchor != "" && !anchors(t, path)[anchor]:
			t.Errorf("%s: the link %s leads to no heading of %s", page, m[1], path)
		}
	}
}

// prose returns the text of a page without its blocks of code.
func prose(t *testing.T, page string) string {
	t.Helper()
	return fence.ReplaceAllString(ReadFile(t, page), "")
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
