package upgrade

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// site is an installation of magent: its binary can be replaced, and its log and pid file outlive the process.
type site struct {
	t            *testing.T
	dir          string
	addr         string
	first        *testkit.Process // that was started by us
	binary       string
	pidFile, log string
	args         []string
}

// install starts a copy of magent. If the arguments do not set timeouts, these are long.
func install(t *testing.T, args ...string) *site {
	t.Helper()
	return installAs(t, harness.Binary(t), args...)
}

// installAs is install for another binary.
func installAs(t *testing.T, binary string, args ...string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), addr: testkit.DeadAddr(t)}
	s.binary, s.pidFile, s.log = filepath.Join(s.dir, "magent"), filepath.Join(s.dir, "pid"),
		filepath.Join(s.dir, "log")
	s.replace(binary)
	t.Cleanup(s.end)
	s.args = append([]string{
		s.binary, "-l", s.addr, "--pid-file", s.pidFile,
		"--log-file", s.log, "--log-format", "json",
	}, args...)
	for _, flag := range []string{"--timeout", "--connect-timeout"} {
		if !slices.Contains(args, flag) {
			s.args = append(s.args, flag, testkit.Patience.String())
		}
	}
	s.restart()
	return s
}

// restart starts the program, which does not run.
func (s *site) restart() {
	s.t.Helper()
	times := strings.Count(s.text(), "magent serves")
	s.first = testkit.Start(s.t, "magent", s.args...)
	s.awaitLog("magent serves", times+1)
}

// replace replaces the binary by another program, as package managers do.
func (s *site) replace(by string) {
	s.t.Helper()
	harness.WriteProgram(s.t, s.binary+".new", must(os.ReadFile(by)))
	if err := os.Rename(s.binary+".new", s.binary); err != nil {
		s.t.Fatal(err)
	}
}

// pid returns the process that serves, from the pid file.
func (s *site) pid() int {
	text, _ := os.ReadFile(s.pidFile)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// end kills the processes at the end of the test, including those that the test has not started itself.
func (s *site) end() {
	for _, dir := range must(filepath.Glob("/proc/[0-9]*")) {
		exe, err := os.Readlink(dir + "/exe")
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if err == nil && strings.HasPrefix(exe, s.binary) && pid != s.first.PID {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if s.t.Failed() {
		s.t.Logf("---- log\n%s", s.text())
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (s *site) text() string {
	text, _ := os.ReadFile(s.log)
	return string(text)
}

func (s *site) awaitLog(message string, times int) {
	s.t.Helper()
	testkit.Eventually(s.t, message, func() error {
		if n := strings.Count(s.text(), message); n < times {
			return fmt.Errorf("it is in the log %d times of %d", n, times)
		}
		return nil
	})
}

func (s *site) signal(pid int, sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		s.t.Fatal(err)
	}
}

// upgrade replaces the process that serves, and returns the pid of the new one.
func (s *site) upgrade() int {
	s.t.Helper()
	old, times := s.pid(), strings.Count(s.text(), "the new process serves")
	if old == s.first.PID {
		s.first.Signal(syscall.SIGUSR2)
	} else {
		s.signal(old, syscall.SIGUSR2)
	}
	s.awaitLog("the new process serves", times+1)
	if old == s.first.PID {
		if code := s.first.ExitCode(); code != 0 {
			s.t.Errorf("the old process ended with %d", code)
		}
	}
	if s.pid() == old {
		s.t.Fatalf("the pid file has %d still", old)
	}
	return s.pid()
}

// refused tries an upgrade that must fail for the given reason. The old process must keep its clients.
func (s *site) refused(reason string) {
	s.t.Helper()
	old := s.pid()
	stays := harness.Dial(s.t, s.addr)
	stays.Want("mn\r\n", "MN\r\n")
	times := strings.Count(s.text(), "no upgrade: this process continues")
	s.signal(old, syscall.SIGUSR2)
	s.awaitLog("no upgrade: this process continues", times+1)
	if log := s.text(); !strings.Contains(log, reason) {
		s.t.Errorf("the log does not say %q", reason)
	}
	stays.Want("mn\r\n", "MN\r\n")
	harness.Dial(s.t, s.addr).Want("mn\r\n", "MN\r\n")
	if s.pid() != old {
		s.t.Errorf("the pid file has %d, it had %d", s.pid(), old)
	}
	stays.Close()
}

func itoa(n int) string { return strconv.Itoa(n) }
