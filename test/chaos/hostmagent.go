package chaos

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// The magent of a host has its log in a file, and its number in another one: after an upgrade it is not the process
// that the test has started.

func (h *host) logFile() string {
	if *memberLogs != "" {
		return filepath.Join(*memberLogs, h.name()+".log")
	}
	return filepath.Join(h.dir, "log")
}

func (h *host) pidFile() string  { return filepath.Join(h.dir, "pid") }
func (h *host) stateDir() string { return filepath.Join(h.dir, "state") }

// startMagent runs it, and does not wait.
func (h *host) startMagent() {
	h.f.t.Helper()
	var list []string
	argv := []string{
		h.f.magent, "--log-format", "json", "--log-file", h.logFile(), "--pid-file", h.pidFile(), "-l", "0.0.0.0",
		"-p", fmt.Sprint(clientPort),
	}
	for _, other := range h.f.hosts {
		list = append(list, fmt.Sprintf("%s=%s:%d", other.name(), netns.Address(other.i), linkPort))
		flag := "-s"
		if other.i == members-1 {
			flag = "-b"
		}
		argv = append(argv, flag, other.cache())
	}
	argv = append(argv, "--threads", fmt.Sprint(h.f.loops), "--fleet", strings.Join(list, ","), "--member", h.name(),
		"--fleet-secret-file", h.f.secret(), "--state-dir", h.stateDir())
	h.magent = testkit.StartWith(h.f.t, "magent of "+h.Name, h.f.env, h.Inside(append(argv, h.f.args...)...)...)
	h.pid = h.magent.PID
}

// ours reports whether the magent that serves is the one that the test has started.
func (h *host) ours() bool { return h.pid == h.magent.PID }

// runs reports whether a process is there, and not only its number. As long as one of its threads is left, so are its
// files, and the lock of its pid file.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	threads, err2 := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return err == nil && err2 == nil && (len(threads) > 1 || !bytes.HasPrefix(state, []byte("Z")))
}

// signal sends a signal to the magent.
func (h *host) signal(s syscall.Signal) {
	h.f.t.Helper()
	if err := syscall.Kill(h.pid, s); err != nil {
		h.f.t.Errorf("%v to the magent of %s (pid %d): %v", s, h.Name, h.pid, err)
	}
}

// gone waits for the end of the magent.
func (h *host) gone() {
	h.f.t.Helper()
	if h.ours() {
		if code := h.magent.ExitCode(); code > 0 {
			h.f.t.Errorf("the magent of %s has ended with code %d", h.Name, code)
		}
		return
	}
	testkit.Until(h.f.t, "the magent of "+h.Name+" has ended", func() bool { return !runs(h.pid) })
}

// kill kills the magent.
func (h *host) kill() {
	h.f.t.Helper()
	if h.ours() {
		h.magent.Kill()
		return
	}
	h.signal(syscall.SIGKILL)
	h.gone()
}

// end ends the magent in good order.
func (h *host) end() {
	h.f.t.Helper()
	if h.ours() {
		h.magent.Terminate()
	} else {
		h.signal(syscall.SIGTERM)
	}
	h.gone()
}

// upgrade has a new process take the magent's place.
func (h *host) upgrade() {
	h.f.t.Helper()
	h.signal(syscall.SIGUSR2)
	var next int
	testkit.Eventually(h.f.t, "another magent of "+h.Name+" serves", func() error {
		text, err := os.ReadFile(h.pidFile())
		if err != nil {
			return err
		}
		if next, err = strconv.Atoi(strings.TrimSpace(string(text))); err == nil && next == h.pid {
			err = fmt.Errorf("it is %d still", next)
		}
		return err
	})
	h.gone()
	h.pid = next
}

// cleanUp ends a magent that the test has not started itself, and shows the end of the log of a test that has failed.
func (h *host) cleanUp() {
	if h.magent != nil && !h.ours() && runs(h.pid) {
		_ = syscall.Kill(h.pid, syscall.SIGKILL) // it may have ended already
	}
	harness.Forget(h.stateDir())
	if h.f.t.Failed() {
		const shown = 20_000
		text, _ := os.ReadFile(h.logFile())
		h.f.t.Logf("---- log of the magents of %s\n%s", h.Name, text[max(0, len(text)-shown):])
	}
}

// awaitServing waits until the host's magent serves.
func (h *host) awaitServing() {
	h.f.t.Helper()
	local := fmt.Sprintf("127.0.0.1:%d", clientPort)
	testkit.Eventually(h.f.t, "magent of "+h.Name+" serves", func() error {
		code, _, said := harness.Run(h.f.t, h.Inside(harness.Binary(h.f.t), "health", local)...)
		if code != 0 {
			return fmt.Errorf("it does not: %s", said)
		}
		return nil
	})
}
