package packaging

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
	"magent/test/harness"
)

const prompt = "ready> "

// shell is an interactive shell on a terminal.
type shell struct {
	t      *testing.T
	master *os.File
	mu     sync.Mutex
	shown  strings.Builder
}

// startShell runs a shell that finds the released magent, without the user's own settings.
func startShell(t *testing.T, dir string, argv ...string) *shell {
	t.Helper()
	s := &shell{t: t}
	var err error
	if s.master, err = os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(s.master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(s.master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200}); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = home
	cmd.Env = []string{
		"PATH=" + dir + ":/usr/bin:/bin", "HOME=" + home, "TERM=dumb", "LC_ALL=C.UTF-8",
		"PS1=" + prompt,
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close()
	done := make(chan struct{})
	go s.read(done)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-done // the terminal has no other end any more
		s.master.Close()
	})
	return s
}

func (s *shell) read(done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.shown.Write(buf[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// types sends keys, and waits until the shell shows something new.
func (s *shell) types(keys, want string) {
	s.t.Helper()
	s.mu.Lock()
	s.shown.Reset()
	s.mu.Unlock()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
	testkit.Eventually(s.t, fmt.Sprintf("%q makes %q", keys, want), func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !strings.Contains(s.shown.String(), want) {
			return errors.New("it shows " + s.shown.String())
		}
		return nil
	})
}

// TestCompletion checks that in each shell the tab key completes a flag and a value, and that magent accepts the line.
func TestCompletion(t *testing.T) {
	dir := tree(t)
	for _, c := range []struct {
		name, setUp string
		argv        []string
	}{
		{"bash", "source " + dir + "/completion/magent.bash", []string{"bash", "--norc", "--noprofile", "-i"}},
		{
			"zsh", "autoload -Uz compinit && compinit -u && source " + dir + "/completion/magent.zsh",
			[]string{"zsh", "-f", "-i"},
		},
		{"fish", "source " + dir + "/completion/magent.fish", []string{"fish", "--no-config", "-i"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startShell(t, dir, c.argv...)
			s.types(c.setUp+" && echo set''up\r", "setup\r\n")
			s.types("magent --log-fo\t", "--log-format")
			s.types("js\t", "json")
			s.types("--hash=fnv1a_6\t", "fnv1a_64")
			s.types("-V\r", "magent "+version(t)+" ")
		})
	}
}

// TestManualPage checks that two readers of manual pages find nothing wrong.
func TestManualPage(t *testing.T) {
	page := filepath.Join(tree(t), "magent.1")
	if said := run(t, "mandoc", "-Tlint", page); said != "" {
		t.Errorf("mandoc: %s", said)
	}
	code, stdout, stderr := harness.Run(t, "env", "MANWIDTH=80", "LC_ALL=C.UTF-8", "man", "--warnings", "-l", page)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "--server-failure-limit NUMBER") {
		t.Errorf("man: exit code %d, %s\n%.500s", code, stderr, stdout)
	}
}
