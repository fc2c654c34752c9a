package packaging

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// unpack lets umoci turn an image into what a runtime starts, and returns its folder.
func unpack(t *testing.T, arch string) (bundle string) {
	t.Helper()
	harness.NeedNamespaces(t, "--mount", "--net", "--pid", "--fork")
	dir := t.TempDir()
	run(t, "tar", "-xf", part(t, "magent_*_image_"+arch+".tar"), "-C", dir)
	bundle = filepath.Join(t.TempDir(), "bundle")
	run(t, "umoci", "unpack", "--image", dir+":"+version(t), bundle)
	return bundle
}

// TestImage runs the contents of the image as a runtime would. There is nothing else in its root, and only the folder
// for the state is writable.
func TestImage(t *testing.T) {
	bundle := unpack(t, arch)
	var config struct {
		Process struct {
			User struct{ UID, GID int }
			Args []string
			Env  []string
		}
	}
	if err := json.Unmarshal([]byte(testkit.ReadFile(t, filepath.Join(bundle, "config.json"))), &config); err != nil {
		t.Fatal(err)
	}
	p := config.Process
	if p.User.UID == 0 || p.User.GID == 0 || fmt.Sprint(p.Args) != "[/usr/bin/magent]" {
		t.Errorf("it runs %v as %v", p.Args, p.User)
	}
	code, stdout, stderr := harness.Run(t, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "bash",
		filepath.Join("testdata", "image.sh"),
		filepath.Join(bundle, "rootfs"), fmt.Sprintf("%d:%d", p.User.UID, p.User.GID),
		strings.Join(p.Env, " "), p.Args[0])
	if code != 0 || !strings.HasSuffix(stdout, "all is well\n") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

func TestImageOfTheOther(t *testing.T) {
	f, err := elf.Open(filepath.Join(unpack(t, "arm64"), "rootfs/usr/bin/magent"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != elf.EM_AARCH64 {
		t.Errorf("it is for %v", f.Machine)
	}
}

// TestCompose checks the demonstration with the library of the compose specification. magent must know its variables.
func TestCompose(t *testing.T) {
	t.Setenv("MAGENT_VERSION", version(t))
	code, stdout, stderr := harness.Tool(t, "COMPOSE", "-format", "json", "deploy/compose/compose.yaml")
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	var project struct {
		Services map[string]struct {
			Image       string
			Environment map[string]string
			HealthCheck struct{ Test []string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &project); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	m, ok := project.Services["magent"]
	if !ok || len(project.Services) != 4 || strings.Join(m.HealthCheck.Test, " ") != "CMD /usr/bin/magent health" {
		t.Fatalf("the services are %+v", project.Services)
	}
	part(t, strings.Replace(m.Image, ":", "_", 1)+"_image_"+arch+".tar") // the one that it names is made
	help := run(t, filepath.Join(tree(t), "magent"), "man")
	for name, value := range m.Environment {
		if !strings.Contains(help, "["+name+"]") {
			t.Errorf("magent has no %s", name)
		}
		for host := range strings.SplitSeq(value, ",") {
			if _, ok := project.Services[host]; !ok && (name == "MAGENT_SERVER" || name == "MAGENT_BACKUP") {
				t.Errorf("%s: there is no service %s", name, host)
			}
		}
	}
}
