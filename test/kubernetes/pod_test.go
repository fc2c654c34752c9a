package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"magent/internal/testkit"
	"magent/test/harness"
)

// container is what runs in a pod.
type container struct {
	Args  []string
	Env   []struct{ Name, Value string }
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	VolumeMounts []mount `yaml:"volumeMounts"`
}

type mount struct {
	MountPath string `yaml:"mountPath"`
}

// object is the part of a manifest that the tests read.
type object struct {
	Kind string
	Data map[string]string
	Spec struct {
		Ports    []struct{ Port, TargetPort any }
		Template struct{ Spec pod }
	}
}

type pod struct {
	TerminationGracePeriodSeconds int `yaml:"terminationGracePeriodSeconds"`
	Containers                    []container
}

// workload returns the container of what runs magent.
func workload(t *testing.T, all map[string]object) container {
	t.Helper()
	for _, kind := range []string{"StatefulSet", "Deployment", "DaemonSet"} {
		if o, ok := all[kind]; ok {
			return o.Spec.Template.Spec.Containers[0]
		}
	}
	t.Fatal("nothing runs magent")
	return container{}
}

// environment returns the variables of a container, in a pod of that name and with a secret of its own.
func (c *container) environment(t *testing.T, pod string) (env []string) {
	t.Helper()
	for _, e := range c.Env {
		switch e.Name {
		case "MAGENT_MEMBER": // the name of the pod
			e.Value = pod
		case "MAGENT_FLEET_SECRET_FILE":
			if !slices.Contains(c.VolumeMounts, mount{filepath.Dir(e.Value)}) {
				t.Errorf("%s is on no volume", e.Value)
			}
			e.Value = filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(e.Value, []byte("a secret of sixteen bytes, or more"), 0o440); err != nil {
				t.Fatal(err)
			}
		}
		env = append(env, e.Name+"="+e.Value)
	}
	return env
}

func objects(t *testing.T, text string) map[string]object {
	t.Helper()
	found := map[string]object{}
	for d := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[o.Kind] = o
	}
}

// TestMagentTakesIt checks that magent accepts the arguments, variables and pools of the pod.
func TestMagentTakesIt(t *testing.T) {
	for name, args := range settings() {
		all := objects(t, render(t, args...))
		c := workload(t, all)
		pools := all["ConfigMap"].Data["pools.yml"]
		file := filepath.Join(t.TempDir(), "pools.yml")
		if err := os.WriteFile(file, []byte(pools), 0o600); err != nil {
			t.Fatal(err)
		}
		env := c.environment(t, "magent-0")
		argv := append(append([]string{"env", "-i"}, env...), harness.Binary(t))
		for _, a := range c.Args {
			argv = append(argv, strings.Replace(a, "/etc/magent/pools.yml", file, 1))
		}
		if code, stdout, stderr := harness.Run(t, append(argv, "-t")...); code != 0 || !slices.Contains(argv, file) {
			t.Errorf("%s: %v: exit code %d, %s%s", name, argv, code, stdout, stderr)
		}
	}
}

// TestPodServes runs what the pod of the DaemonSet runs, with pools and folders of this machine.
func TestPodServes(t *testing.T) {
	server, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	_, port, _ := strings.Cut(testkit.DeadAddr(t), ":")
	text := render(t, "--set", "kind=DaemonSet", "--set", "listen=127.0.0.1", "--set-json", fmt.Sprintf(
		`pools=[{"name": "main", "port": %s, "timeout": 60000, "servers": ["%s:1"], "backups": ["%s:1"]}]`, port,
		server.Addr, backup.Addr))
	all := objects(t, text)
	file, state := filepath.Join(t.TempDir(), "pools.yml"), t.TempDir()
	if err := os.WriteFile(file, []byte(all["ConfigMap"].Data["pools.yml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	c := all["DaemonSet"].Spec.Template.Spec.Containers[0]
	var args []string
	for _, a := range c.Args {
		args = append(args, strings.Replace(a, "/etc/magent/pools.yml", file, 1))
	}
	for _, e := range c.Env {
		switch e.Name {
		case "MAGENT_STATE_DIR":
			e.Value = state
		case "MAGENT_ADMIN":
			e.Value = "127.0.0.1:0"
		}
		t.Setenv(e.Name, e.Value)
	}
	m := harness.StartMagent(t, args...)
	harness.Dial(t, m.Addr).Want(harness.Set("a", "1"), "STORED\r\n")
	if found, _ := filepath.Glob(filepath.Join(state, "*")); len(found) == 0 {
		t.Error("nothing is kept in the folder of the state")
	}
	m.Terminate()
	if code := m.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
