package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/test/harness"
)

func TestLint(t *testing.T) {
	for name, args := range settings() {
		if code, stdout, stderr := harness.Tool(t, "HELM",
			append([]string{"lint", "--strict", chart}, args...)...); code != 0 {
			t.Errorf("%s: exit code %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

// TestManifests checks that the plain manifests are what the chart renders. UPDATE_MANIFESTS=1 writes them.
func TestManifests(t *testing.T) {
	for _, name := range []string{"statefulset", "deployment", "daemonset"} {
		path := filepath.Join(harness.Root(t), "deploy/kubernetes", name+".yaml")
		want := render(t, settings()[name]...)
		if os.Getenv("UPDATE_MANIFESTS") != "" {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf(
				"%s is not what the chart makes (%v): UPDATE_MANIFESTS=1 go test -run TestManifests ./test/kubernetes",
				path, err)
		}
	}
}

// TestWrongValues checks that the chart reports values that cannot be right.
func TestWrongValues(t *testing.T) {
	for want, args := range map[string][]string{
		`kind "Job": write StatefulSet, Deployment or DaemonSet`: {"--set", "kind=Job"},
		"replicas 10: a fleet has 9 members at most":             {"--set", "replicas=10"},
		"pools: name one at least":                               {"--set-json", "pools=[]"},
		"pools: each needs a name":                               {"--set-json", `pools=[{"port": 1}]`},
		"pools: a has no port":                                   {"--set-json", `pools=[{"name": "a"}]`},
	} {
		code, _, stderr := harness.Tool(t, "HELM",
			append([]string{"template", "magent", chart, "--kube-version", version}, args...)...)
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}

// TestVersion checks that the chart has the version of untagged source. make release sets the version of the tag.
func TestVersion(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(harness.Root(t), "internal/service/version.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "\nvar release = \"")
	release, _, _ := strings.Cut(rest, "\"")
	text, err := os.ReadFile(filepath.Join(harness.Root(t), chart, "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\nversion: " + release + "\n", "\nappVersion: " + release + "\n"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("Chart.yaml lacks %q", line)
		}
	}
}
