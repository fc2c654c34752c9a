package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// identities returns the distinct user, group and supplementary groups lines over all threads of a process.
func identities(t *testing.T, pid int) map[string]bool {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(tasks) < 2 {
		t.Fatalf("threads of %d: %v, %v", pid, tasks, err)
	}
	seen := map[string]bool{}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // that thread has ended
		}
		var who []string
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); name == "Uid" || name == "Gid" || name == "Groups" {
				who = append(who, strings.Fields(value)...)
			}
		}
		seen[strings.Join(who, " ")] = true
	}
	return seen
}

// -u and -g work on every thread, by name and number, after the ports are bound.
func testDropPrivileges(t *testing.T, bin string) {
	needRoot(t)
	for _, c := range []struct{ user, group, want string }{
		{"nobody", "", "65534 65534 65534 65534 65534 65534 65534 65534 65534"},
		{"65534", "", "65534 65534 65534 65534 65534 65534 65534 65534 65534"},
		{"nobody", "daemon", "65534 65534 65534 65534 1 1 1 1 1"},
		{"1234567", "1234568", "1234567 1234567 1234567 1234567 1234568 1234568 1234568 1234568 1234568"},
	} {
		dir := testkit.OpenFolder(t)
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		socket, log, pidFile := filepath.Join(dir, "sock"), filepath.Join(dir, "log"), filepath.Join(dir, "pid")
		state := filepath.Join(dir, "state")
		args := []string{
			"--state-dir", state, "-s", deadServer, "-b", "127.0.0.1:2", "-l", "127.0.0.1:0", "--threads", "2",
			"-f", socket, "--log-file", log, "--pid-file", pidFile, "-u", c.user,
		}
		if c.group != "" {
			args = append(args, "-g", c.group)
		}
		p := start(t, exec.Command(bin, args...))
		address := stringsOf(waitForLog(t, log, "magent serves")["listen"])[0]
		asks(t, "tcp", address)
		asks(t, "unix", socket)
		if got := identities(t, p.PID); len(got) != 1 || !got[c.want] {
			t.Errorf("-u %s -g %s: threads run as %v, want %s", c.user, c.group, got, c.want)
		}
		files, err := filepath.Glob(filepath.Join(state, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s is empty: %v", state, err)
		}
		for _, file := range append(files, socket, log, pidFile, state) {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			owner := info.Sys().(*syscall.Stat_t)
			if got := fmt.Sprint(owner.Uid, " "); !strings.HasPrefix(c.want, got) {
				t.Errorf("-u %s: %s belongs to %s", c.user, file, got)
			}
		}
		if text, _ := os.ReadFile(log); strings.Contains(string(text), "running as root") {
			t.Errorf("-u %s: warned without reason", c.user)
		}
		p.Signal(syscall.SIGTERM)
		p.ends(0)
		if text, _ := os.ReadFile(pidFile); len(text) > 0 {
			t.Errorf("-u %s: the pid file still says %s", c.user, text)
		}
	}
}

func testRootIsWarned(t *testing.T, bin string) {
	needRoot(t)
	p := start(t, exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0"))
	p.listening()
	if n := strings.Count(p.Log(), "running as root"); n != 1 {
		t.Errorf("%d warnings: %s", n, p.Log())
	}
	if line := p.line("running as root"); line["level"] != "warn" {
		t.Errorf("got %v", line)
	}
}

func testNotRoot(t *testing.T, bin string) {
	p := start(t, asNobody(exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0", "-u", "root")))
	p.ends(exitFailed)
	want := "magent: -u root: only root can become another user: start as root, or leave -u out\n"
	if p.Log() != want {
		t.Errorf("got %s", p.Log())
	}
	p = start(t, asNobody(exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0")))
	asks(t, "tcp", p.listening()[0])
	if strings.Contains(p.Log(), "running as root") {
		t.Errorf("warned without reason: %s", p.Log())
	}
}
