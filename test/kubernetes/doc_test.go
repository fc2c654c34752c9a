// Package kubernetes checks the Helm chart and the plain manifests: with helm, with the schemas of the Kubernetes API,
// and with magent, which must accept its arguments and its configuration.
package kubernetes

import (
	"path/filepath"
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

const chart = "deploy/kubernetes/magent"

// version is the oldest Kubernetes for which the manifests are meant.
const version = "1.30.0"

// settings are arguments of helm for which the chart must be right.
func settings() map[string][]string {
	return map[string][]string{
		"statefulset": {"--set", "kind=StatefulSet"},
		"deployment":  {"--set", "kind=Deployment,replicas=2"},
		"daemonset":   {"--set", "kind=DaemonSet"},
		"single":      {"--set", "replicas=1"},
		"everything":  {"-f", filepath.Join("test/kubernetes/testdata", "everything.yaml")},
	}
}

// render runs helm template.
func render(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := harness.Tool(t, "HELM",
		append([]string{"template", "magent", chart, "--kube-version", version}, args...)...)
	if code != 0 {
		t.Fatalf("helm template: exit code %d\n%s", code, stderr)
	}
	return stdout
}
