package testkit

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// threadsGone is how long the threads of a process that has ended may take to be gone.
const threadsGone = 20 * time.Millisecond

// Process is a program that a test runs. It is ended, by pid, when the test is over.
type Process struct {
	Name string
	PID  int

	tb       testing.TB
	cmd      *exec.Cmd
	log      *Output
	exited   chan struct{} // closed when the process has been waited for
	code     int           // its exit code, or -1 after a signal; valid once exited is closed
	mu       sync.Mutex
	expected bool // the test has ended it, or expects its end
}

// Start runs a program. Its log consists of both output streams, and is printed if the test fails. If the program ends
// although the test does not expect that, the test fails.
func Start(tb testing.TB, name string, argv ...string) *Process {
	tb.Helper()
	return StartWith(tb, name, nil, argv...)
}

// StartWith is Start with more variables in the environment, each as NAME=value.
func StartWith(tb testing.TB, name string, env []string, argv ...string) *Process {
	tb.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	if len(env) > 0 {
		cmd.Env = append(os.Environ(), env...)
	}
	return StartCommand(tb, name, cmd)
}

// StartCommand is Start for a command that was prepared. Its output is the log as far as it does not go elsewhere.
func StartCommand(tb testing.TB, name string, cmd *exec.Cmd) *Process {
	tb.Helper()
	p := &Process{Name: name, tb: tb, cmd: cmd, log: &Output{}, exited: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = p.log
	}
	if cmd.Stderr == nil {
		cmd.Stderr = p.log
	}
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			tb.Fatalf("%s is not installed: run `make deps`", cmd.Args[0])
		}
		tb.Fatalf("start %v: %v", cmd.Args, err)
	}
	p.PID = cmd.Process.Pid
	go p.wait()
	tb.Cleanup(p.end)
	return p
}

func (p *Process) wait() {
	p.awaitEnd()
	_ = p.cmd.Wait() // the exit code tells enough
	p.code = p.cmd.ProcessState.ExitCode()
	close(p.exited)
}

// awaitEnd waits until the process has ended, and gives its threads the time to leave before cmd.Wait. While they
// leave /proc, where memcached has named them, the kernel spins in wait: on a busy machine for up to a second.
func (p *Process) awaitEnd() {
	for {
		err := unix.Waitid(unix.P_PID, p.PID, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	time.Sleep(threadsGone)
}

// end kills the process at the end of the test.
func (p *Process) end() {
	died := p.Exited() && !p.wasExpected()
	p.Kill()
	if died {
		p.tb.Errorf("%s (pid %d) ended by itself with code %d", p.Name, p.PID, p.code)
	}
	if p.tb.Failed() {
		p.tb.Logf("---- log of %s (pid %d)\n%s", p.Name, p.PID, p.log.tail())
	}
}

// Kill sends SIGKILL, and returns when the process has ended.
func (p *Process) Kill() {
	p.expect()
	if p.Exited() {
		return
	}
	_ = p.cmd.Process.Kill() // the process may have ended already
	<-p.exited
}

// Terminate sends SIGTERM and does not wait.
func (p *Process) Terminate() {
	p.expect()
	p.Signal(syscall.SIGTERM)
}

// ExitCode waits for the end of the process, which must come soon, and returns the exit code; -1: it was a signal.
func (p *Process) ExitCode() int {
	p.tb.Helper()
	p.expect()
	select {
	case <-p.exited:
		return p.code
	case <-time.After(Patience):
		p.tb.Fatalf("%s (pid %d) still runs after %v", p.Name, p.PID, Patience)
		return -1
	}
}

// Exited reports whether the process has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Log returns the output of the process so far, up to logKept bytes.
func (p *Process) Log() string { return p.log.String() }

// LogLines is the number of lines that it has written so far.
func (p *Process) LogLines() int { return p.log.Lines() }

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.tb.Errorf("%v to %s (pid %d): %v", s, p.Name, p.PID, err)
	}
}

func (p *Process) expect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = true
}

func (p *Process) wasExpected() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.expected
}
