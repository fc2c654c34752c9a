package nutcracker

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// theirs is twemproxy's nutcracker, which `make deps` installs.
const theirs = "/usr/sbin/nutcracker"

// outcome is the result of a command line.
type outcome struct {
	code           int
	stdout, stderr string
}

// execute runs a program to its end.
func execute(t *testing.T, argv ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// Else one with the race detector ends slowly.
	cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v (is nutcracker there? `make deps`)", argv, err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), strings.ReplaceAll(stderr.String(), "\r\n", "\n")}
}

// place has the free addresses and the files of a nutcracker in a test.
type place struct {
	listen, stats string // host:port
	folder        string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	return &place{listen: testkit.DeadAddr(t), stats: testkit.DeadAddr(t), folder: t.TempDir()}
}

func (p *place) file(name string) string { return filepath.Join(p.folder, name) }

// pool returns a file with one pool in front of servers.
func (p *place) pool(servers ...string) string {
	text := "alpha:\n  listen: " + p.listen + "\n  hash: md5\n  preconnect: true\n  timeout: 20000\n  servers:\n"
	for i, s := range servers {
		text += fmt.Sprintf("   - %s:1 server%d\n", s, i)
	}
	return text
}

// args returns arguments that name the files and the stats port.
func (p *place) args(t *testing.T, pools string, more ...string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(p.stats)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.file("pools.yml"), []byte(pools), 0o644); err != nil {
		t.Fatal(err)
	}
	return append([]string{"-c", p.file("pools.yml"), "-a", host, "-s", port, "-i", "10"}, more...)
}

// run starts a nutcracker in the foreground, with its log on stderr, and waits until it listens.
func (p *place) run(t *testing.T, bin, pools string, more ...string) *testkit.Process {
	t.Helper()
	argv := append([]string{bin}, p.args(t, pools, append([]string{"-o", ""}, more...)...)...)
	process := testkit.Start(t, bin, argv...)
	p.awaitListen(t, process.Exited)
	return process
}

// awaitListen waits until the listener and the stats port accept connections.
func (p *place) awaitListen(t *testing.T, exited func() bool) {
	t.Helper()
	for _, addr := range []string{p.listen, p.stats} {
		testkit.Eventually(t, addr+" listens", func() error {
			if exited() {
				t.Fatal("it has ended")
			}
			c, err := net.Dial("tcp", addr)
			if err == nil {
				c.Close()
			}
			return err
		})
	}
}

// awaitText waits for text in a file.
func awaitText(t *testing.T, path, text string) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("%q in %s", text, path), func() error {
		log, err := os.ReadFile(path)
		if err == nil && !strings.Contains(string(log), text) {
			err = fmt.Errorf("it says %s", log)
		}
		return err
	})
}
