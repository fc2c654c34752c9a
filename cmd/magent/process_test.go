package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait in these tests; a machine under load shall not fail them.
const patience = 30 * time.Second

// TestProcess runs the real program. It is built once; the tests in it run beside each other, on ports of the kernel.
func TestProcess(t *testing.T) {
	bin := build(t)
	for name, test := range map[string]func(t *testing.T, bin string){
		"StartupErrors":      testStartupErrors,
		"PortInUse":          testPortInUse,
		"StartupLine":        testStartupLine,
		"UnixSocket":         testUnixSocket,
		"Drain":              testDrain,
		"SecondSignal":       testSecondSignal,
		"HangupReopensLog":   testHangupReopensLog,
		"LogReaderGone":      testLogReaderGone,
		"Daemon":             testDaemon,
		"DaemonFails":        testDaemonFails,
		"DaemonWarns":        testDaemonWarns,
		"UnknownName":        testUnknownName,
		"PidFileInUse":       testPidFileInUse,
		"DropPrivileges":     testDropPrivileges,
		"StateDir":           testStateDir,
		"StateDirRefused":    testStateDirRefused,
		"FilesOfOthers":      testFilesOfOthers,
		"RootIsWarned":       testRootIsWarned,
		"NotRoot":            testNotRoot,
		"FileLimitRaised":    testFileLimitRaised,
		"FileLimitTooLow":    testFileLimitTooLow,
		"StopsOnEverySignal": testStopsOnEverySignal,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, bin)
		})
	}
}

// build makes the program, in a folder that other users may look into.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(openFolder(t), program)
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// openFolder is a folder for one test that every user may enter.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "magent-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// output collects what a process prints while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is one running magent.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr *output
	done   chan struct{} // closed when it has ended
}

// start runs a command; the process is gone when the test ends, however that ends.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, done: make(chan struct{})}
	if cmd.Stderr == nil {
		p.stderr = &output{}
		cmd.Stderr = p.stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.wait()
	t.Cleanup(p.kill)
	return p
}

func (p *process) wait() {
	p.cmd.Wait()
	close(p.done)
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits for the end and expects an exit code.
func (p *process) ends(want int) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("still runs; it said: %s", p.stderr)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		p.t.Fatalf("exit code %d (%v), want %d; it said: %s", got, p.cmd.ProcessState, want, p.stderr)
	}
}

// line waits for a log line with this text and returns its fields.
func (p *process) line(text string) map[string]any {
	p.t.Helper()
	var fields map[string]any
	until(p.t, fmt.Sprintf("a log line with %q", text), func() bool {
		var err error
		if fields, err = findLine(p.stderr.String(), text); err == nil {
			return true
		}
		select {
		case <-p.done:
			p.t.Fatalf("ended (%v) without a log line with %q; it said: %s", p.cmd.ProcessState, text, p.stderr)
		default:
		}
		return false
	})
	return fields
}

func findLine(log, text string) (map[string]any, error) {
	lines := strings.Split(log, "\n")
	i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "{") && strings.Contains(line, text) })
	if i < 0 {
		return nil, errors.New("no such line")
	}
	var fields map[string]any
	return fields, json.Unmarshal([]byte(lines[i]), &fields)
}

// listening waits for the startup line and returns the addresses in it.
func (p *process) listening() []string {
	p.t.Helper()
	return stringsOf(p.line("magent serves")["listen"])
}

func stringsOf(field any) []string {
	var texts []string
	list, _ := field.([]any)
	for _, item := range list {
		texts = append(texts, fmt.Sprint(item))
	}
	return texts
}

// until polls for readiness.
func until(t *testing.T, what string, ready func() bool) {
	t.Helper()
	tick, end := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited %v in vain for %s", patience, what)
		}
	}
}

// deadServer is the address of a server that nobody runs: no program listens on port 1 of loopback.
const deadServer = "127.0.0.1:1"

// asks connects and checks that magent answers.
func asks(t *testing.T, network, address string) {
	t.Helper()
	c := dial(t, network, address)
	fmt.Fprint(c, "version\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.HasPrefix(line, "VERSION ") {
		t.Fatalf("%s answered %q, %v", address, line, err)
	}
}

func dial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.DialTimeout(network, address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// gone tells whether a process that is nobody's child has ended; a zombie has.
func gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(state, "Z")
}

// asNobody makes a command run without root's rights, whoever runs the tests.
func asNobody(cmd *exec.Cmd) *exec.Cmd {
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return cmd
}

// needRoot fails where the tests have to be complete, and skips elsewhere.
func needRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("MAGENT_E2E") == "require":
		t.Fatal("this test needs root")
	default:
		t.Skip("this test needs root")
	}
}
