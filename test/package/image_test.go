package packaging

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	help := run(t, filepath.Join(tree(t), "magent"), "man")
	for i := range 3 {
		service := fmt.Sprint("magent-", i+1)
		m, ok := project.Services[service]
		if !ok || len(project.Services) != 7 || m.Environment["MAGENT_MEMBER"] != service ||
			strings.Join(m.HealthCheck.Test, " ") != "CMD /usr/bin/magent health" {
			t.Fatalf("the services are %+v", project.Services)
		}
		part(t, strings.Replace(m.Image, ":", "_", 1)+"_image_"+arch+".tar") // the one that it names is made
		for name, value := range m.Environment {
			if !strings.Contains(help, "["+name+"]") {
				t.Errorf("magent has no %s", name)
			}
			for host := range strings.SplitSeq(value, ",") {
				if name == "MAGENT_FLEET" {
					_, host, _ = strings.Cut(host, "=")
					host, _, _ = strings.Cut(host, ":")
				}
				_, ok := project.Services[host]
				if !ok && slices.Contains([]string{"MAGENT_SERVER", "MAGENT_BACKUP", "MAGENT_FLEET"}, name) {
					t.Errorf("%s: there is no service %s", name, host)
				}
			}
		}
	}
}

// TestComposeSecret runs what makes the secret of the demonstration: once, and so that the image's user alone has it.
func TestComposeSecret(t *testing.T) {
	code, stdout, stderr := harness.Tool(t, "COMPOSE", "-format", "json", "deploy/compose/compose.yaml")
	var project struct {
		Services map[string]struct{ Command []string }
	}
	if err := json.Unmarshal([]byte(stdout), &project); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	command := project.Services["secret"].Command
	if len(command) != 3 {
		t.Fatalf("the secret is made by %q", command)
	}
	path := filepath.Join(t.TempDir(), "secret")
	command[2] = strings.ReplaceAll(command[2], "/run/fleet/secret", path)
	run(t, command...)
	first := testkit.ReadFile(t, path)
	run(t, command...)
	info, err := os.Stat(path)
	if err != nil || len(first) < 40 || testkit.ReadFile(t, path) != first {
		t.Fatalf("it is %q, then %q, %v", first, testkit.ReadFile(t, path), err)
	}
	if stat := info.Sys().(*syscall.Stat_t); stat.Gid != 65532 || info.Mode().Perm() != 0o440 {
		t.Errorf("it has group %d and mode %v", stat.Gid, info.Mode())
	}
}
