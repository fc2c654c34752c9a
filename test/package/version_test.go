package packaging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// version is the version of the release.
func version(t *testing.T) string {
	t.Helper()
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(part(t, "magent_*_chart.tgz")), "magent_"),
		"_chart.tgz")
}

// TestVersion checks that all parts of a release have the version of the source.
func TestVersion(t *testing.T) {
	want := version(t)
	if said := strings.Fields(run(t, filepath.Join(harness.Root(t), "deploy/release/version.sh"))); len(said) != 1 ||
		said[0] != want {
		t.Errorf("the source is of %q, the release of %q", said, want)
	}
	if said := run(t, filepath.Join(tree(t), "magent"), "-V"); strings.Fields(said)[1] != want {
		t.Errorf("magent says %s", said)
	}
	if _, _, said := harness.Run(t, filepath.Join(tree(t), "nutcracker"), "-V"); !strings.Contains(said,
		"nutcracker-"+want+"\n") {
		t.Errorf("nutcracker says %s", said)
	}
	chart := run(t, "tar", "-xzOf", part(t, "magent_*_chart.tgz"), "magent/Chart.yaml")
	for _, line := range []string{"\nversion: " + want + "\n", "\nappVersion: " + want + "\n"} {
		if !strings.Contains(chart, line) {
			t.Errorf("the chart lacks %q", line)
		}
	}
	for _, kind := range []string{"deployment", "daemonset"} {
		text := testkit.ReadFile(t, part(t, "magent_*_"+kind+".yaml"))
		if !strings.Contains(text, "\"magent:"+want+"\"") {
			t.Errorf("the %s has another image", kind)
		}
	}
	for _, c := range [][]string{{"dpkg-deb", "-f", deb(t), "Version"}, {"rpm", "-qp", "--qf", "%{VERSION}", rpm(t)}} {
		if said := strings.TrimSpace(run(t, c...)); said != strings.Replace(want, "-", "~", 1) {
			t.Errorf("%s says %s", c[0], said)
		}
	}
}

// clone is a repository that has only what determines the version.
type clone struct {
	t   *testing.T
	dir string
}

func newClone(t *testing.T) *clone {
	t.Helper()
	c := &clone{t, filepath.Join(t.TempDir(), "clone")}
	for _, name := range []string{
		".gitattributes", "deploy/release/version.sh", "deploy/release/archive.txt",
		"internal/service/version.go",
	} {
		from, err := os.Open(filepath.Join(harness.Root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		if err := copyFile(filepath.Join(c.dir, name), from); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *clone) git(args ...string) {
	c.t.Helper()
	run(c.t,
		append([]string{
			"git", "-C", c.dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "-c",
			"tag.gpgSign=false",
		}, args...)...)
}

func (c *clone) commit() {
	c.t.Helper()
	c.git("add", "-A")
	c.git("commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", "a")
}

// wants checks the version of the source, in the clone and in an archive of its commit.
func (c *clone) wants(here, archived string) {
	c.t.Helper()
	if got := strings.TrimSpace(run(c.t, filepath.Join(c.dir, "deploy/release/version.sh"))); got != here {
		c.t.Errorf("the clone says %q, want %q", got, here)
	}
	dir, file := c.t.TempDir(), filepath.Join(c.t.TempDir(), "source.tar")
	c.git("archive", "-o", file, "HEAD")
	run(c.t, "tar", "-xf", file, "-C", dir)
	if got := strings.TrimSpace(run(c.t, filepath.Join(dir, "deploy/release/version.sh"))); got != archived {
		c.t.Errorf("the archive says %q, want %q", got, archived)
	}
}

// TestVersionOfSource checks that the tag determines the version, in clones and in archives. Without a tag the source
// does.
func TestVersionOfSource(t *testing.T) {
	_, rest, _ := strings.Cut(testkit.ReadFile(t, filepath.Join(harness.Root(t), "internal/service/version.go")),
		"\nvar release = \"")
	untagged, _, _ := strings.Cut(rest, "\"")
	c := newClone(t)
	if got := strings.TrimSpace(run(t, filepath.Join(c.dir, "deploy/release/version.sh"))); got != untagged ||
		untagged == "" {
		t.Errorf("files without git say %q, want %q", got, untagged)
	}
	c.git("init", "-q")
	if got := strings.TrimSpace(run(t, filepath.Join(c.dir, "deploy/release/version.sh"))); got != untagged {
		t.Errorf("a repository without a commit says %q, want %q", got, untagged)
	}
	c.commit()
	c.git("tag", "nightly")
	c.wants(untagged, untagged)
	c.git("tag", "v1.2.9")
	c.wants("1.2.9", "1.2.9")
	if err := os.WriteFile(filepath.Join(c.dir, "new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.wants("1.2.10-dev.0", "1.2.9")
	c.commit()
	c.commit()
	c.wants("1.2.10-dev.2", "1.2.10-dev.2")
	c.git("tag", "-m", "a", "v2.0.0-rc.1")
	c.wants("2.0.0-rc.1", "2.0.0-rc.1")
	c.commit()
	c.wants("2.0.0-rc.1.dev.1", "2.0.0-rc.1.dev.1")
}
