package systemd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// exposure is the highest score of `systemd-analyze security`, of 100, that is accepted. 13 of it could only be
// avoided by listing IP addresses, which we cannot know.
const exposure = "15"

// units copies the units to a folder in which the program that they start exists, and returns their paths.
func units(t *testing.T, change ...string) (service, socket string) {
	t.Helper()
	root, err := harness.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"magent@.service", "magent@.socket"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy/systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		changed := strings.NewReplacer(append(change, "/usr/bin/magent", harness.Binary(t))...).Replace(string(text))
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths[0], paths[1]
}

// verify lets systemd check an instance of the units.
func verify(t *testing.T, change ...string) (code int, said string) {
	t.Helper()
	service, socket := units(t, change...)
	instance := strings.NewReplacer("@.", "@cache.")
	code, stdout, stderr := harness.Run(t, "systemd-analyze", "verify", "--man=no", instance.Replace(service),
		instance.Replace(socket))
	return code, stdout + stderr
}

func TestUnitsAreRight(t *testing.T) {
	if code, said := verify(t); code != 0 || said != "" {
		t.Errorf("systemd-analyze verify: exit code %d\n%s", code, said)
	}
	if _, said := verify(t, "WatchdogSec=10s", "WatchdogSecs=10s"); !strings.Contains(said, "WatchdogSecs") {
		t.Errorf("a wrong unit is not noticed: %q", said)
	}
}

// settings returns what the unit of the service sets, by section and name.
func settings(t *testing.T) map[string]string {
	t.Helper()
	service, _ := units(t)
	text, err := os.ReadFile(service)
	if err != nil {
		t.Fatal(err)
	}
	section, got := "", map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
		} else if key, value, ok := strings.Cut(line, "="); ok {
			got[section+key] = value
		}
	}
	return got
}

// The service is restarted however often it has died. By default systemd gives up after five restarts in ten seconds.
func TestServiceIsNeverGivenUp(t *testing.T) {
	got := settings(t)
	if got["[Unit]StartLimitIntervalSec"] != "0" || got["[Service]Restart"] != "always" ||
		got["[Service]RestartPreventExitStatus"] != "" {
		t.Errorf("it is given up: %v", got)
	}
}

// COMMAND in the file of variables has the service be another command of magent, such as a witness. Without it there
// is a word less, and not an empty one: systemd does so only where it stands alone and has no braces.
func TestServiceOfWitness(t *testing.T) {
	got := settings(t)
	if words := strings.Fields(got["[Service]ExecStart"]); len(words) != 2 || words[1] != "$COMMAND" {
		t.Errorf("it starts %q", words)
	}
	service, _ := units(t)
	if text := testkit.ReadFile(t, service); !strings.Contains(text, "\nEnvironment=COMMAND=\n") ||
		strings.Index(text, "Environment=COMMAND=") > strings.Index(text, "EnvironmentFile=") {
		t.Error("COMMAND is not empty by default, or the file cannot set it")
	}
}

// What was under way when the process died is in a file of its user in /dev/shm, which the next process reads. With
// RemoveIPC systemd removes such files in between.
func TestMemoryOutlivesTheProcess(t *testing.T) {
	got := settings(t)
	for _, name := range []string{"RemoveIPC", "DynamicUser", "TemporaryFileSystem", "InaccessiblePaths"} {
		if value := got["[Service]"+name]; value != "" && value != "no" { // DynamicUser implies RemoveIPC
			t.Errorf("%s=%s", name, value)
		}
	}
}

func TestServiceIsHardened(t *testing.T) {
	check := func(change ...string) (int, string) {
		service, _ := units(t, change...)
		code, stdout, stderr := harness.Run(t, "systemd-analyze", "security", "--offline=true", "--no-pager",
			"--threshold="+exposure, service)
		return code, stdout + stderr
	}
	if code, said := check(); code != 0 {
		t.Errorf("exit code %d\n%s", code, said)
	}
	if code, _ := check("SystemCallFilter=@system-service", ""); code == 0 {
		t.Error("a service that may do more is not noticed")
	}
}

// TestUser checks that the user of the service is the one that the package creates.
func TestUser(t *testing.T) {
	root, err := harness.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := harness.Run(t, "systemd-sysusers", "--root="+t.TempDir(), "--dry-run",
		filepath.Join(root, "deploy/systemd/magent.sysusers"))
	if code != 0 || !strings.Contains(stdout+stderr, "Creating user 'magent'") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	service, _ := units(t)
	text, err := os.ReadFile(service)
	if err != nil || !strings.Contains(string(text), "\nUser=magent\n") {
		t.Errorf("%v: the service has another user", err)
	}
}
