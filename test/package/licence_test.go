package packaging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestLicence checks that everything in which magent is shipped names its licence and contains the text.
func TestLicence(t *testing.T) {
	text := testkit.ReadFile(t, filepath.Join(harness.Root(t), "LICENSE"))
	if !strings.Contains(text, "Apache License\n                           Version 2.0") {
		t.Fatalf("LICENSE begins with %q", text[:min(100, len(text))])
	}
	image := filepath.Join(unpack(t, arch), "rootfs/usr/share/doc/magent")
	for what, got := range map[string]string{
		"the archive":          testkit.ReadFile(t, filepath.Join(tree(t), "LICENSE")),
		"the image":            testkit.ReadFile(t, filepath.Join(image, "LICENSE")),
		"the copyright of deb": run(t, "dpkg-deb", "--fsys-tarfile", deb(t)), // the tar is not compressed
	} {
		want := text
		if strings.Contains(what, "deb") {
			want = "License: Apache-2.0\n"
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s does not have it", what)
		}
	}
	if licence := run(t, "rpm", "-qp", "--qf", "%{LICENSE}", rpm(t)); licence != "Apache-2.0" {
		t.Errorf("the rpm names %q", licence)
	}
	if !strings.Contains(run(t, "rpm", "-qpl", rpm(t)), "/usr/share/licenses/magent/LICENSE\n") {
		t.Error("the rpm does not have the text")
	}
	chart, err := os.ReadFile(filepath.Join(harness.Root(t), "deploy/kubernetes/magent/Chart.yaml"))
	if err != nil || !strings.Contains(string(chart), "artifacthub.io/license: Apache-2.0\n") {
		t.Errorf("the chart does not name it: %v", err)
	}
}
