// Package kubernetes checks the Helm chart and the plain manifests: by helm, by the schemas of Kubernetes' own API, and by
// magent, which has to take what they give it.
package kubernetes

import (
	"path/filepath"
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

const chart = "deploy/kubernetes/magent"

// version is that of Kubernetes that the manifests are for, at least.
const version = "1.30.0"

// settings are values under which a chart has to be right, as arguments of helm.
func settings() map[string][]string {
	return map[string][]string{
		"deployment": {"--set", "kind=Deployment"},
		"daemonset":  {"--set", "kind=DaemonSet"},
		"everything": {"-f", filepath.Join("test/kubernetes/testdata", "everything.yaml")},
	}
}

// render is helm template.
func render(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := harness.Tool(t, "HELM", append([]string{"template", "magent", chart, "--kube-version", version}, args...)...)
	if code != 0 {
		t.Fatalf("helm template: exit code %d\n%s", code, stderr)
	}
	return stdout
}
