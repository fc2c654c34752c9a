package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"magent/test/harness"
)

// terminal is a pseudo terminal: what is written to screen is read from master.
func terminal(t *testing.T) (master, screen *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, screen
}

// TestProgressBar checks that there is a progress bar on a terminal, on stderr only. (All other tests check that there
// is none in a pipe.)
func TestProgressBar(t *testing.T) {
	f := newFarm(t)
	f.set(300)
	master, screen := terminal(t)
	cmd := exec.Command(harness.Binary(t), slices.Concat([]string{"verify"}, patiently, f.servers())...)
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, screen
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	screen.Close()
	shown, err := io.ReadAll(master) // a terminal that nobody has open any more ends with an error
	if !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	if text := string(shown); !strings.Contains(text, "comparing") || !strings.Contains(text, "600") {
		t.Errorf("the terminal shows %q", text)
	}
	if text := stdout.String(); !strings.HasPrefix(text, "compared 30") || strings.Count(text, "\n") != 1 {
		t.Errorf("stdout %q", text)
	}
}
