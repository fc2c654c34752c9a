package kubernetes

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestPage runs the commands of docs/kubernetes.md exactly as they are written. There is no cluster here, so in place
// of kubectl and of helm's install each argument is checked: helm renders what it would install, Kubernetes' schemas
// know all of it, and magent takes the pools.
func TestPage(t *testing.T) {
	root, dir := harness.Root(t), t.TempDir()
	page, err := os.ReadFile(filepath.Join(root, "docs", "kubernetes.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)\n```\n(.*?\n)```\n").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 1 {
		t.Fatalf("docs/kubernetes.md has %d blocks of commands", len(blocks))
	}
	asked := runPage(t, dir, root, blocks[0][1])
	if len(asked) != 3 {
		t.Fatalf("it asks %q", asked)
	}
	const create = "kubectl create secret generic magent-fleet --from-literal=secret="
	text, found := strings.CutPrefix(asked[0], create)
	if secret, err := base64.StdEncoding.DecodeString(text); !found || err != nil || len(secret) != 32 {
		t.Errorf("%q: no secret of 32 bytes (%v)", asked[0], err)
	}
	const install = "helm install magent " + chart + " -f values.yaml"
	if asked[1] != install {
		t.Errorf("it asks %q, want %q", asked[1], install)
	}
	all := render(t, "-f", filepath.Join(dir, "values.yaml"))
	if code, said := conform(t, schemas(t), all); code != 0 {
		t.Errorf("exit code %d\n%s", code, said)
	}
	for _, of := range []string{"magent-fleet", "registry.example.org/magent"} { // what the page names is used
		if !strings.Contains(all, of) {
			t.Errorf("%s is not in what is installed", of)
		}
	}
	file := testkit.TempFile(t, "pools.yml", objects(t, all)["ConfigMap"].Data["pools.yml"])
	if code, stdout, stderr := harness.Run(t, harness.Binary(t), "-t", "-c", file); code != 0 {
		t.Errorf("magent refuses the pools: %s%s", stdout, stderr)
	}
	manifest, found := strings.CutPrefix(asked[2], "kubectl apply -f ")
	if _, err := os.Stat(filepath.Join(root, manifest)); !found || err != nil { // TestManifests has its contents
		t.Errorf("%q: %v", asked[2], err)
	}
}

// runPage runs a block in a folder that has our deploy, and returns how it calls kubectl and helm.
func runPage(t *testing.T, dir, root, block string) (asked []string) {
	t.Helper()
	if err := os.Symlink(filepath.Join(root, "deploy"), filepath.Join(dir, "deploy")); err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(dir, "asked")
	for _, program := range []string{"kubectl", "helm"} {
		text := fmt.Sprintf("#!/bin/sh\necho %s \"$@\" >>%s\n", program, record)
		if err := os.WriteFile(filepath.Join(dir, program), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", block)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + dir + ":/usr/bin:/bin"}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	said, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(said)), "\n")
}
