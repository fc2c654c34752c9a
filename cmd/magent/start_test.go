package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

// fails runs a command line that cannot work. It expects exit code 1 and one line, soon.
func fails(t *testing.T, bin, line, wantStart, wantPart string) {
	t.Helper()
	began := time.Now()
	p := start(t, exec.Command(bin, strings.Fields(line)...))
	p.ends(exitFailed)
	said := p.Log()
	if !strings.HasPrefix(said, "magent: "+wantStart) || !strings.Contains(said, wantPart) ||
		strings.Count(said, "\n") != 1 {
		t.Errorf("magent %s said\n%swant magent: %s ... %s", line, said, wantStart, wantPart)
	}
	// The program promises a second. A loaded machine may add to that.
	if d := time.Since(began); d > testkit.Patience/2 {
		t.Errorf("magent %s took %v to say so", line, d)
	}
}

func testStartupErrors(t *testing.T, bin string) {
	for _, c := range []struct{ line, start, part string }{
		{"-l no-such-host.invalid", "-l: unknown host no-such-host.invalid", "check the name, or give an IP address"},
		{"-l 203.0.113.1:0", "", "this machine has no such address: choose one of its own with -l"},
		{"-l 127.0.0.1:0 -u no-such-user", "-u no-such-user: this machine has no such user", "or name another"},
		{"-l 127.0.0.1:0 -g no-such-group", "-g no-such-group: this machine has no such group", "or name another"},
		{
			"-l 127.0.0.1:0 --log-file /no/such/folder/log", "--log-file /no/such/folder/log: no such file",
			"name a file in an existing, writable folder",
		},
		{
			"-l 127.0.0.1:0 --pid-file /no/such/folder/pid", "--pid-file /no/such/folder/pid: no such file",
			"name a file in an existing, writable folder",
		},
	} {
		fails(t, bin, "-s "+deadServer+" "+c.line, c.start, c.part)
	}
}

func testPortInUse(t *testing.T, bin string) {
	taken := testkit.Listen(t)
	address := taken.Addr().String()
	for _, threads := range []string{"1", "2"} {
		fails(t, bin, "-s "+deadServer+" --threads "+threads+" -l "+address, "", address)
		fails(t, bin, "-s "+deadServer+" --threads "+threads+" -l "+address, "", "choose another port with -p")
	}
	// A second magent must not share the port of the first.
	first := start(t, exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0", "--threads", "2")).listening()[0]
	fails(t, bin, "-s "+deadServer+" --threads 2 -l "+first, "", "choose another port with -p")
}

func testStartupLine(t *testing.T, bin string) {
	p := start(t, exec.Command(bin, "-s", deadServer, "-s", "127.0.0.1:2:3", "-b", "127.0.0.1:3", "-l", "127.0.0.1:0",
		"-l", "127.0.0.1:0", "--threads", "2"))
	addresses := p.listening()
	line := p.line("magent serves")
	got := fmt.Sprintln(stringsOf(line["servers"]), stringsOf(line["backups"]), line["threads"], line["distribution"],
		line["level"])
	if want := "[127.0.0.1:1 127.0.0.1:2] [127.0.0.1:3] 2 ketama info\n"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if len(addresses) != 2 || line["version"] == "" {
		t.Fatalf("got %v", line)
	}
	for _, address := range addresses {
		asks(t, "tcp", address)
	}
}

func testUnixSocket(t *testing.T, bin string) {
	path := filepath.Join(testkit.OpenFolder(t), "magent.sock")
	p := start(t, exec.Command(bin, "-s", deadServer, "-p", "0", "-f", path, "--unix-mode", "0770"))
	if got := p.listening(); !slices.Equal(got, []string{path}) {
		t.Errorf("listens on %v", got)
	}
	asks(t, "unix", path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("mode %v, %v", info, err)
	}
	p.Kill()
	// A socket file left by a dead process is no obstacle.
	p = start(t, exec.Command(bin, "-s", deadServer, "-p", "0", "-f", path))
	p.listening()
	asks(t, "unix", path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info, err)
	}
	// One of a process that serves is.
	second := start(t, exec.Command(bin, "-s", deadServer, "-p", "0", "-f", path))
	second.ends(exitFailed)
	asks(t, "unix", path)
}
