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

// patience is how long a test waits for something that should happen at once on an idle machine.
const patience = 20 * time.Second

// Process is a program that a test runs. It is ended, by pid, when the test is over.
type Process struct {
	Name string
	PID  int

	tb       testing.TB
	cmd      *exec.Cmd
	log      *logBuffer
	exited   chan struct{} // closed when the process has been waited for
	code     int           // its exit code, or -1 after a signal; valid once exited is closed
	mu       sync.Mutex
	expected bool // the test itself ended it
}

// Start runs a program. Its two output streams are its log, which is printed if the test fails.
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
	_ = p.cmd.Wait() // the exit code says it all
	p.code = p.cmd.ProcessState.ExitCode()
	close(p.exited)
}

// end is what the cleanup of the test does.
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

// Kill is kill -9. It returns when the process is gone.
func (p *Process) Kill() {
	p.expect()
	if p.Exited() {
		return
	}
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.exited
}

// Pause is SIGSTOP: the process keeps its connections and says nothing. It returns when all its threads stand still.
func (p *Process) Pause() {
	p.tb.Helper()
	p.Signal(syscall.SIGSTOP)
	Eventually(p.tb, p.Name+" stands still", p.stopped)
}

// Resume is SIGCONT.
func (p *Process) Resume() { p.Signal(syscall.SIGCONT) }

// Terminate sends SIGTERM and does not wait.
func (p *Process) Terminate() {
	p.expect()
	p.Signal(syscall.SIGTERM)
}

// ExitCode waits for the end of the process, which must come soon.
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

// Exited reports whether the process is gone.
func (p *Process) Exited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Log is what the process has written so far.
func (p *Process) Log() string { return p.log.String() }

// LogLines is the number of lines that it has written so far.
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
