package status

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
	"magent/test/harness"
)

// terminal is a pseudo terminal that keeps what is written to it.
type terminal struct {
	master, slave *os.File

	mu   sync.Mutex
	text bytes.Buffer
	done chan struct{}
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
		_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100})
	}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	v := &terminal{master: master, slave: slave, done: make(chan struct{})}
	go v.read()
	t.Cleanup(func() {
		slave.Close()
		master.Close()
		<-v.done
	})
	return v
}

func (v *terminal) read() {
	defer close(v.done)
	b := make([]byte, 4096)
	for {
		n, err := v.master.Read(b)
		v.mu.Lock()
		v.text.Write(b[:n])
		v.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (v *terminal) String() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text.String()
}

// mode returns how the terminal handles keys.
func (v *terminal) mode(t *testing.T) unix.Termios {
	t.Helper()
	mode, err := unix.IoctlGetTermios(int(v.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *mode
}

func (v *terminal) await(t *testing.T, text string) {
	t.Helper()
	testkit.Eventually(t, "the terminal shows "+text, func() error {
		if got := v.String(); !strings.Contains(got, text) {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}

// magent top follows what happens, and restores the terminal when it ends, by Ctrl-C or by q.
func TestTop(t *testing.T) {
	t.Parallel()
	p, b := harness.StartMemcached(t), harness.StartMemcached(t)
	m := harness.StartMagent(t, "-s", p.Addr, "-b", b.Addr, "--probe-interval", "100ms", "--admin", "127.0.0.1:0")
	admin := adminOf(t, m.Process, "admin")
	for name, key := range map[string]string{"Ctrl-C": "\x03", "q": "q"} {
		v := openTerminal(t)
		before := v.mode(t)
		cmd := exec.Command(harness.Binary(t), "top", "--admin", admin)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = v.slave, v.slave, v.slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		v.await(t, "All is well.")
		if v.mode(t) == before {
			t.Errorf("%s: keys are shown on the screen", name)
		}
		p.Kill()
		v.await(t, "One server is ejected.")
		v.await(t, "ejected")
		p.Restart()
		testkit.Eventually(t, "all is well again", func() error {
			if text := v.String(); strings.LastIndex(text, "All is well.") < strings.LastIndex(text,
				"ejected. Every") {
				return fmt.Errorf("not yet")
			}
			return nil
		})
		if _, err := v.master.WriteString(key); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "it ends", func() error {
			select {
			case err := <-ended:
				ended <- err
				return nil
			default:
				return fmt.Errorf("not yet")
			}
		})
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		v.await(t, "\x1b[?25h\x1b[?1049l")
		if !strings.HasSuffix(v.String(), "\x1b[?25h\x1b[?1049l") || v.mode(t) != before {
			t.Errorf("%s: the terminal is not as it was: %q", name, v.String()[max(0, len(v.String())-200):])
		}
	}
}

// With a pipe in place of a terminal, magent top writes once.
func TestTopOnce(t *testing.T) {
	s := harness.StartMemcached(t)
	m := harness.StartMagent(t, "-s", s.Addr, "--admin", "127.0.0.1:0")
	out, err := exec.Command(harness.Binary(t), "top", "--admin", adminOf(t, m.Process, "admin")).CombinedOutput()
	if text := string(out); err != nil || strings.Contains(text, "\x1b") || !strings.Contains(text, "All is well.") ||
		!strings.Contains(text, s.Addr) || !strings.Contains(text, "primary") {
		t.Errorf("%v %q", err, text)
	}
	dead := testkit.DeadAddr(t)
	for args, want := range map[string]string{
		"top": "magent: which magent? name the socket that it was started with: --admin-socket PATH, or an address: " +
			"--admin HOST:PORT\n",
		"top --admin x": `magent: --admin address "x": the port is missing; write x:9100, for example` + "\n",
		"top --admin " + dead: "magent: --admin " + dead +
			": connect: connection refused: is a magent running that was started with it?\n",
		"top --port 1": "--port",
		"top -h":       "usage: magent top [--admin-socket PATH | --admin HOST:PORT|/PATH]",
	} {
		out, err := exec.Command(harness.Binary(t), strings.Fields(args)...).CombinedOutput()
		if (err == nil) != (args == "top -h") || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %q, want %q", args, err, out, want)
		}
	}
}
