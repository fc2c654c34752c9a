package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	alertName = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)
	runbook   = regexp.MustCompile(`(?m)^ +runbook_url: "(.*)"$`)
)

// packaged is where the packages put the docs (deploy/package/nfpm.yaml), as a URL.
const packaged = "file:///usr/share/doc/magent/"

// TestRunbooks holds the alerts and their pages together: each rule names the page of its alert, each page has its
// three parts and belongs to a rule, and the list of alerts leads to it.
func TestRunbooks(t *testing.T) {
	root := filepath.Join("..", "..")
	list := read(t, filepath.Join(root, "docs", "monitoring.md"))
	pages := map[string]bool{}
	rules := read(t, filepath.Join(root, "deploy", "prometheus", "magent.rules.yml"))
	for _, rule := range strings.Split(rules, "\n\n") {
		name := alertName.FindStringSubmatch(rule)
		if name == nil {
			continue
		}
		page := "docs/alerts/" + name[1] + ".md"
		if m := runbook.FindStringSubmatch(rule); m == nil || m[1] != packaged+page {
			t.Errorf("the rule of %s does not name its page: runbook_url: %q", name[1], packaged+page)
		}
		if !strings.Contains(list, "](alerts/"+name[1]+".md)") {
			t.Errorf("docs/monitoring.md does not lead to %s", page)
		}
		pages[name[1]+".md"] = true
		text := read(t, filepath.Join(root, page))
		for _, part := range []string{"# " + name[1], "## Causes", "## What to look at", "## What to do"} {
			if !strings.Contains("\n"+text, "\n"+part+"\n\n") {
				t.Errorf("%s has no %q", page, part)
			}
		}
	}
	if !strings.Contains(list, "`runbook_url`") || !strings.Contains(list, packaged[:len(packaged)-1]) {
		t.Error("docs/monitoring.md does not say where runbook_url leads")
	}
	folder := `src: "${SHARE}/papers", dst: ` + strings.TrimSuffix(strings.TrimPrefix(packaged, "file://"), "/") + ","
	if !strings.Contains(read(t, filepath.Join(root, "deploy", "package", "nfpm.yaml")), folder) {
		t.Errorf("the packages do not have the docs in %s", packaged)
	}
	entries, err := os.ReadDir(filepath.Join(root, "docs", "alerts"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d alerts, %v", len(pages), err)
	}
	for _, e := range entries {
		if !pages[e.Name()] {
			t.Errorf("docs/alerts/%s belongs to no rule", e.Name())
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
