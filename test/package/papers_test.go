package packaging

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestPapers checks that the archive and the packages have the docs, and what other programs need, as in the source.
func TestPapers(t *testing.T) {
	root := harness.Root(t)
	var papers []string
	for _, pattern := range []string{
		"*.md", "LICENSE", "docs/*.md", "docs/alerts/*.md", "deploy/ansible/*.*", "deploy/ansible/roles/magent/*.md",
		"deploy/ansible/roles/magent/*/*", "deploy/compose/*", "deploy/grafana/*", "deploy/haproxy/*",
		"deploy/keepalived/*", "deploy/kubernetes/*.yaml", "deploy/prometheus/*", "deploy/systemd/*",
	} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		papers = append(papers, files...)
	}
	package_ := run(t, "rpm", "-qpl", rpm(t))
	archive := run(t, "tar", "-tzf", part(t, "magent_*_linux_"+arch+".tar.gz"))
	for _, path := range papers {
		name := strings.TrimPrefix(path, root+"/")
		if !strings.Contains(package_, "\n/usr/share/doc/magent/"+name+"\n") {
			t.Errorf("the packages lack %s", name)
		}
		if !strings.Contains(archive, "/"+name+"\n") {
			t.Errorf("the archive lacks %s", name)
		}
	}
}

// TestLinks checks that no link of the pages in the archive leads nowhere. The packages have the same pages.
func TestLinks(t *testing.T) {
	root, pages := tree(t), 0
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			pages++
			testkit.CheckLinks(t, root, path)
		}
		return err
	})
	if err != nil || pages < 30 {
		t.Errorf("%d pages, %v", pages, err)
	}
}

// TestPlainManifests checks that the release has each plain manifest, of its version.
func TestPlainManifests(t *testing.T) {
	manifests, err := filepath.Glob(filepath.Join(harness.Root(t), "deploy/kubernetes/*.yaml"))
	if err != nil || len(manifests) < 3 {
		t.Fatalf("%d manifests, %v", len(manifests), err)
	}
	version := strings.Fields(run(t, filepath.Join(tree(t), "magent"), "-V"))[1]
	for _, path := range manifests {
		text := testkit.ReadFile(t, part(t, "magent_*_"+filepath.Base(path)))
		if !strings.Contains(text, `image: "magent:`+version+`"`) {
			t.Errorf("%s has no image of version %s", filepath.Base(path), version)
		}
	}
}
