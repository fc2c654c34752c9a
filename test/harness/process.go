package harness

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that happens at once on an idle machine.
const patience = 20 * time.Second

// Process is a program that a test runs. It is killed, by pid, at the end of the test.
type Process struct {
	Name string
	PID  int

	tb       testing.TB
	cmd      *exec.Cmd
	log      *logBuffer
	exited   chan struct{} // closed when the process has been waited for
	code     int           // its exit code, or -1 after a signal; valid once exited is closed
	mu       sync.Mutex
	expected bool // the test has ended it, or expects its end
}

// Start runs a program. Its log consists of both output streams, and is printed if the test fails. If the program ends
// although the test does not expect that, the test fails.
func Start(tb testing.TB, name string, argv ...string) *Process {
	tb.Helper()
	return startWith(tb, name, nil, argv)
}

// startWith is Start with more variables in the environment, each as NAME=value.
func startWith(tb testing.TB, name string, env, argv []string) *Process {
	tb.Helper()
	p := &Process{Name: name, tb: tb, log: &logBuffer{}, exited: make(chan struct{})}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	if len(env) > 0 {
		p.cmd.Env = append(os.Environ(), env...)
	}
	p.cmd.Stdout = p.log
	p.cmd.Stderr = p.log
	p.cmd.WaitDelay = time.Second // a grandchild may hold the pipes
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			tb.Fatalf("%s is not installed: run `make deps`", argv[0])
		}
		tb.Fatalf("start %v: %v", argv, err)
	}
	p.PID = p.cmd.Process.Pid
	go p.wait()
	tb.Cleanup(p.end)
	return p
}

func (p *Process) wait() {
	_ = p.cmd.Wait() // the exit code tells enough
	p.code = p.cmd.ProcessState.ExitCode()
	close(p.exited)
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

// Pause sends SIGSTOP: the process keeps its connections but does not answer. Pause returns when all threads are
// stopped.
func (p *Process) Pause() {
	p.tb.Helper()
	p.Signal(syscall.SIGSTOP)
	Eventually(p.tb, p.Name+" stands still", p.stopped)
}

// Resume sends SIGCONT.
func (p *Process) Resume() { p.Signal(syscall.SIGCONT) }

// Terminate sends SIGTERM, without waiting for the end.
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
	case <-time.After(patience):
		p.tb.Fatalf("%s (pid %d) still runs after %v", p.Name, p.PID, patience)
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

// LogLines returns the number of lines that the process has written so far.
func (p *Process) LogLines() int { return p.log.lines() }

// Signal sends a signal.
func (p *Process) Signal(s syscall.Signal) {
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
