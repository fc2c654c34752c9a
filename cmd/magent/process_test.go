package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// TestProcess runs the real program. It is built once; its tests run in parallel, on ports that the kernel chooses.
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
		"DaemonSyslog":       testDaemonSyslog,
		"LogFolderOfOthers":  testLogFolderOfOthers,
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
		"Witness":            testWitness,
		"WitnessMismatch":    testWitnessMismatch,
		"WitnessProcess":     testWitnessProcess,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, bin)
		})
	}
}

// build builds the program, in a folder that other users can read.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(testkit.OpenFolder(t), program)
	if out, err := testkit.Go("build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// process is one running magent.
type process struct {
	*testkit.Process
	t *testing.T
}

// start runs a command. The process is killed when the test ends.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	return &process{testkit.StartCommand(t, program, cmd), t}
}

// ends waits for the end and expects an exit code.
func (p *process) ends(want int) {
	p.t.Helper()
	if got := p.ExitCode(); got != want {
		p.t.Fatalf("exit code %d, want %d; it said: %s", got, want, p.Log())
	}
}

// line waits for a log line with this text and returns its fields.
func (p *process) line(text string) map[string]any {
	p.t.Helper()
	var fields map[string]any
	testkit.Until(p.t, fmt.Sprintf("a log line with %q", text), func() bool {
		var err error
		over := p.Exited()
		if fields, err = findLine(p.Log(), text); err != nil && over {
			p.t.Fatalf("ended without a log line with %q; it said: %s", text, p.Log())
		}
		return err == nil
	})
	return fields
}

func findLine(log, text string) (map[string]any, error) {
	lines := strings.Split(log, "\n")
	i := slices.IndexFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "{") &&
			strings.Contains(line, text)
	})
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

// deadServer is an address without a server: no program listens on port 1 of loopback.
const deadServer = "127.0.0.1:1"

// asks connects and checks that magent answers.
func asks(t *testing.T, network, address string) {
	t.Helper()
	c := testkit.Dial(t, network, address)
	fmt.Fprint(c, "version\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.HasPrefix(line, "VERSION ") {
		t.Fatalf("%s answered %q, %v", address, line, err)
	}
}

// asNobody runs a command without root's rights, whoever runs the tests.
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
