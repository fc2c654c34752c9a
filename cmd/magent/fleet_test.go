package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/testkit"
)

const (
	ofThree  = "--fleet a=127.0.0.1:1,b=127.0.0.1:2,w=127.0.0.1:3/witness"
	remotely = "--fleet a=10.0.0.1:1,b=10.0.0.2:1,c=10.0.0.3:1 --member a --state-dir /x"
)

func TestFleetFlags(t *testing.T) {
	secret := testkit.TempFile(t, "secret", "sixteen bytes...\n")
	if err := os.Chmod(secret, 0o640); err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, "-s a "+remotely+" --fleet-secret-file "+secret+" --fleet-alone always --fleet-lease 2s")
	f := s.config.Fleet
	if f == nil || len(f.Members) != 3 || f.Self != 0 || f.Alone != config.AloneAlways || f.Lease != 2*time.Second ||
		string(f.Secret) != "sixteen bytes...\n" || len(s.warnings) > 0 {
		t.Errorf("%+v, warnings %q", f, s.warnings)
	}
	f = mustParse(t, "-s a "+ofThree+" --fleet d=127.0.0.1:4 --member b --state-dir x").config.Fleet
	if len(f.Members) != 4 || f.Self != 1 || f.Alone != config.AloneProven || f.Lease != time.Second ||
		f.Secret != nil || !f.Members[2].Witness {
		t.Errorf("%+v", f)
	}
	if mustParse(t, "-s a").config.Fleet != nil {
		t.Error("there is a fleet without --fleet")
	}
}

func TestFleetErrors(t *testing.T) {
	dir := testkit.OpenFolder(t)
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, open := file("empty", "\n", 0o600), file("open", "sixteen bytes...", 0o644)
	long := file("long", strings.Repeat("x", maxSecret+1), 0o600)
	redis := file("redis.yml", "r:\n  listen: 127.0.0.1:1\n  redis: true\n  timeout: 400\n  servers:\n"+
		"   - 10.0.0.1:6379:1\n", 0o600)
	member := ofThree + " --member a --state-dir /x"
	for _, c := range []struct{ line, want string }{
		{"--member a", "--member needs --fleet NAME=HOST:PORT,..., the list of all members"},
		{"--fleet-alone vip", "--fleet-alone needs --fleet..."},
		{"--fleet-lease 1s", "--fleet-lease needs --fleet..."},
		{"--fleet-secret-file x", "--fleet-secret-file needs --fleet..."},
		{"--fleet ,", `--fleet "," names nothing...`},
		{"--fleet a=h:1", `--fleet "a=h:1" has one member...`},
		{"--fleet a=h:1,a=h:2", `--fleet "a" is there twice: give each member a name of its own`},
		{"--fleet a=h:1,b=h:1", `--fleet "a" and "b" have the same address, h:1: give each member one of its own`},
		{ofThree + " --member x", `--member "x" is not in --fleet: it has a, b, w`},
		{ofThree + " --member w", `--member "w" is a witness in --fleet: start it as magent witness...`},
		{ofThree, `"a" and "b" of --fleet both have an address of this machine: add --member NAME`},
		{ofThree + " --member a", "--fleet needs --state-dir DIR: a member must not forget what it has agreed to"},
		{remotely, "--fleet has a=10.0.0.1:1, not on loopback: give all members the same --fleet-secret-file"},
		{
			remotely + " --fleet-secret-file " + dir + "/none",
			"--fleet-secret-file " + dir + "/none: no such file or directory: make one with...",
		},
		{
			remotely + " --fleet-secret-file " + empty,
			"--fleet-secret-file " + empty + ": it has 0 bytes, fewer than 16: make one with...",
		},
		{
			remotely + " --fleet-secret-file " + open, "--fleet-secret-file " + open +
				" has mode 0644, so every user of this machine may read or replace it: chmod 640 " + open,
		},
		{remotely + " --fleet-secret-file " + long, "--fleet-secret-file " + long + ": it has more than 65536..."},
		{remotely + " --fleet-secret-file " + dir, "--fleet-secret-file " + dir + " is a folder..."},
		{member + " --fleet-alone vip", "--fleet-alone vip needs --vip ADDRESS..."},
		{member + " --fleet-alone allways", `--fleet-alone "allways" is unknown: did you mean always?...`},
		{member + " --fleet-lease 499ms", "--fleet-lease 499ms is out of range..."},
		{member + " --fleet-lease 61s", "--fleet-lease 61s is out of range..."},
	} {
		checkUsage(t, "-s a "+c.line, c.want)
	}
	checkUsage(t, "-c "+redis+" "+member,
		"--fleet is for pools of memcached, and all pools here are of Redis: leave it out")
	t.Setenv("MAGENT_MEMBER", "x")
	checkUsage(t, "-s a "+ofThree, `--member "x" is not in --fleet: it has a, b, w`)
}

// Tests run as root, too, who may read everything.
func TestUnreadableSecret(t *testing.T) {
	err := unreadable("/s", &fs.PathError{Op: "open", Path: "/s", Err: os.ErrPermission})
	if want := "/s: permission denied: let the user read it who starts magent"; err.Error() != want {
		t.Error(err)
	}
}

func TestFleetWarnings(t *testing.T) {
	onlyRedis := "r:\n  listen: 127.0.0.1:2\n  redis: true\n  timeout: 400\n  servers:\n   - 10.0.0.1:6379:1\n"
	pools := testkit.TempFile(t, "pools.yml",
		"m:\n  listen: 127.0.0.1:1\n  timeout: 400\n  servers:\n   - 10.0.0.1:1:1\n"+onlyRedis)
	s := mustParse(t, "-c "+pools+" --fleet a=127.0.0.1:1,b=127.0.0.1:2 --member b --state-dir x")
	if len(s.warnings) != 2 || !strings.HasPrefix(s.warnings[0], "--fleet: a fleet of two stops when a host,") ||
		!strings.HasPrefix(s.warnings[1], `pool "r" is one of Redis: it takes no part in the fleet`) {
		t.Errorf("%q", s.warnings)
	}
	_, warnings, err := s.load()
	if err != nil || len(warnings) != 1 || warnings[0] != s.warnings[1] {
		t.Errorf("after a reload: %q, %v", warnings, err)
	}
	if err := os.WriteFile(pools, []byte(onlyRedis), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.load(); err == nil || !strings.HasPrefix(err.Error(), "--fleet is for pools of memcached") {
		t.Errorf("a reload without a pool of memcached: %v", err)
	}
}
