package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

// daemon is a magent in the background. Only its pid file is known.
type daemon struct {
	dir, pidFile, log string
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	dir := testkit.OpenFolder(t)
	d := &daemon{dir: dir, pidFile: filepath.Join(dir, "pid"), log: filepath.Join(dir, "log")}
	t.Cleanup(d.kill)
	return d
}

// run starts it in its folder, with relative names, and returns the parent's output.
func (d *daemon) run(t *testing.T, bin string, args ...string) (stdout string, err error) {
	t.Helper()
	cmd := exec.Command(bin, append([]string{"-d", "-s", deadServer, "--pid-file", "pid"}, args...)...)
	cmd.Dir = d.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *daemon) pid() int {
	text, _ := os.ReadFile(d.pidFile)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// kill ends it, also after a failed test.
func (d *daemon) kill() {
	if pid := d.pid(); pid > 1 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

func testDaemon(t *testing.T, bin string) {
	d := newDaemon(t)
	said, err := d.run(t, bin, "-u", strconv.Itoa(os.Getuid()), "-l", "127.0.0.1:0", "--log-file", "log")
	if err != nil || said != "" {
		t.Fatalf("the parent ended with %v and said %q", err, said)
	}
	pid := d.pid()
	if pid < 2 {
		t.Fatal("there is no pid file although the parent has ended")
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(name) != filepath.Base(bin)+"\n" {
		t.Errorf("ps shows it as %q, %v", name, err)
	}
	address := stringsOf(waitForLog(t, d.log, "magent serves")["listen"])[0]
	asks(t, "tcp", address)
	for fd := range 3 {
		if target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); target != "/dev/null" {
			t.Errorf("fd %d is %s, %v", fd, target, err)
		}
	}
	if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); folder != "/" {
		t.Errorf("its folder is %s, %v: it would keep a file system busy", folder, err)
	}
	if session, err := unix.Getsid(pid); session != pid {
		t.Errorf("session %d, %v: it would end with the terminal", session, err)
	}
	if err := os.Rename(d.log, d.log+".1"); err != nil {
		t.Fatal(err)
	}
	syscall.Kill(pid, syscall.SIGHUP)
	waitForLog(t, d.log, "log file reopened")
	syscall.Kill(pid, syscall.SIGTERM)
	testkit.Until(t, "the daemon to end", func() bool { return testkit.Gone(pid) })
	if _, err := os.Stat(d.pidFile); err == nil {
		t.Error("the pid file is still there")
	}
}

// A server with an unknown name does not prevent the start, and whoever starts the daemon is told.
func testUnknownName(t *testing.T, bin string) {
	d := newDaemon(t)
	said, err := d.run(t, bin, "-u", strconv.Itoa(os.Getuid()), "-l", "127.0.0.1:0", "--log-file", "log", "-b",
		"no-such-host.invalid:11211")
	if err != nil || !strings.HasPrefix(said, `magent: warning: server "no-such-host.invalid:11211": `) ||
		!strings.HasSuffix(said, ": it is out of use, and looked up again\n") || strings.Count(said, "\n") != 1 {
		t.Errorf("the parent ended with %v and said %q", err, said)
	}
	waitForLog(t, d.log, "a server cannot be found: it is out of use, and looked up again")
	waitForLog(t, d.log, "magent serves")
}

// Errors in the daemon are printed by the parent, in the same line as by a foreground process.
func testDaemonFails(t *testing.T, bin string) {
	taken := testkit.Listen(t)
	for _, c := range []struct{ args, want string }{
		{"-l " + taken.Addr().String(), "choose another port with -p"},
		{"-l 127.0.0.1:0 -u no-such-user", "-u no-such-user: this machine has no such user"},
		{"-l 127.0.0.1:0 -p x", `-p "x" is not a number`},
	} {
		d := newDaemon(t)
		said, err := d.run(t, bin, append(strings.Fields(c.args), "--log-file", "log")...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() < 1 {
			t.Errorf("%s: the parent ended with %v", c.args, err)
		}
		if !strings.HasPrefix(said, "magent: ") || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: it said %q", c.args, said)
		}
		if pid := d.pid(); pid != 0 {
			t.Errorf("%s: a pid file is left, for %d", c.args, pid)
		}
	}
}

// A warning reaches whoever starts a daemon. The log itself is not printed on the terminal.
func testDaemonWarns(t *testing.T, bin string) {
	needRoot(t)
	d := newDaemon(t)
	said, err := d.run(t, bin, "-l", "127.0.0.1:0", "--log-file", "log")
	if err != nil || !strings.HasPrefix(said, "magent: warning: running as root") || strings.Count(said, "\n") != 1 {
		t.Errorf("the parent ended with %v and said %q", err, said)
	}
}

func testPidFileInUse(t *testing.T, bin string) {
	d := newDaemon(t)
	p := start(t, exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0", "--pid-file", d.pidFile))
	p.listening()
	if d.pid() != p.PID {
		t.Errorf("the pid file says %d, the process is %d", d.pid(), p.PID)
	}
	fails(t, bin, "-s "+deadServer+" -l 127.0.0.1:0 --pid-file "+d.pidFile,
		fmt.Sprintf("--pid-file %s: process %d is using it", d.pidFile, p.PID), "choose another file")
	if d.pid() != p.PID {
		t.Error("the second process spoiled the first one's pid file")
	}
}
