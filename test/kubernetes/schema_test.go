package kubernetes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/test/harness"
)

// TestValid checks that Kubernetes accepts the manifests and knows each of their fields.
func TestValid(t *testing.T) {
	schemas := schemas(t)
	for name, args := range settings() {
		text := render(t, args...)
		if code, said := conform(t, schemas, text); code != 0 {
			t.Errorf("%s: exit code %d\n%s", name, code, said)
		}
	}
	good := render(t, settings()["everything"]...)
	for right, wrong := range map[string]string{ // what is wrong is noticed
		"readinessProbe:":      "readynessProbe:",
		"containerPort: 11211": "containerPort: true",
		"maxUnavailable: 1\n":  "maxUnavailable: [1]\n",
		"path: /metrics":       "pfad: /metrics",
		"sleep: {seconds: 5}":  "sleep: 5",
		"policyTypes:":         "policyKinds:",
		"serviceName:":         "service:",
		"storageClassName:":    "storageClass:",
	} {
		if !strings.Contains(good, right) {
			t.Fatalf("the manifests lack %q", right)
		}
		if code, _ := conform(t, schemas, strings.Replace(good, right, wrong, 1)); code == 0 {
			t.Errorf("%q in place of %q is not noticed", wrong, right)
		}
	}
}

func conform(t *testing.T, schemas, text string) (code int, said string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifests.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := harness.Tool(t, "KUBECONFORM", "-strict", "-summary", "-schema-location", schemas, file)
	return code, stdout + stderr
}

// schemas writes the schemas for kubeconform, one file for each kind, and returns their folder. They are made from the
// API descriptions in the module kubectl-validate. (kubeconform would download its own. kubectl-validate itself would
// compile half of an API server.) The schema of a ServiceMonitor, which is not part of Kubernetes, is in testdata; it
// has only the fields that we use.
func schemas(t *testing.T) (location string) {
	t.Helper()
	code, stdout, stderr := harness.Long(t, "go", "mod", "download", "-json", harness.Pinned(t, "K8S_SCHEMAS"))
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(stdout), &module); err != nil || code != 0 {
		t.Fatalf("go mod download: exit code %d, %v\n%s", code, err, stderr)
	}
	dir := t.TempDir()
	for group, kinds := range map[string]map[string]string{
		"api/v1": {
			"Service":   "io.k8s.api.core.v1.Service",
			"ConfigMap": "io.k8s.api.core.v1.ConfigMap",
		},
		"apis/apps/v1": {
			"StatefulSet": "io.k8s.api.apps.v1.StatefulSet",
			"Deployment":  "io.k8s.api.apps.v1.Deployment",
			"DaemonSet":   "io.k8s.api.apps.v1.DaemonSet",
		},
		"apis/policy/v1":            {"PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget"},
		"apis/networking.k8s.io/v1": {"NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy"},
	} {
		text, err := os.ReadFile(filepath.Join(module.Dir, "pkg/openapiclient/builtins/1.30", group+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for kind, name := range kinds {
			var api map[string]any
			if err := json.Unmarshal(text, &api); err != nil {
				t.Fatal(err)
			}
			forbidUnknown(api)
			write(t, filepath.Join(dir, strings.ToLower(kind)+".json"), map[string]any{
				"$ref": "#/components/schemas/" + name, "components": api["components"],
			})
		}
	}
	monitor, err := os.ReadFile(filepath.Join("testdata", "servicemonitor.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "servicemonitor.json"), monitor, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "{{.ResourceKind}}.json")
}

// forbidUnknown makes each object with named fields accept no other fields.
func forbidUnknown(node any) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			forbidUnknown(child)
		}
	case map[string]any:
		for _, child := range node {
			forbidUnknown(child)
		}
		if fields, ok := node["properties"].(map[string]any); ok && node["type"] == "object" && len(fields) > 0 {
			node["additionalProperties"] = false
		}
	}
}

func write(t *testing.T, path string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
