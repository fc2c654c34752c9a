package nutcracker

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// daemon starts a nutcracker as Debian's script does, apart from the paths of its files. It returns the process id.
func (p *place) daemon(t *testing.T, bin, pools string) (pid int) {
	t.Helper()
	args := append([]string{"-d"}, p.args(t, pools, "-p", p.file("pid"), "-o", p.file("log"))...)
	if o := execute(t, append([]string{bin}, args...)...); o != (outcome{}) {
		t.Fatalf("%v: %d, %q, %q", args, o.code, o.stdout, o.stderr)
	}
	return p.pid(t)
}

// pid reads the pid file, and makes sure that the process ends with the test.
func (p *place) pid(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(p.file("pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 2 {
		t.Fatalf("the pid file says %q", text)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	return pid
}

// A daemon serves when the command returns. It is detached, reopens its log, and leaves no files behind.
func TestDaemon(t *testing.T) {
	server, p := harness.StartMemcached(t), newPlace(t)
	pid := p.daemon(t, harness.Nutcracker(t), p.pool(server.Addr))
	harness.Dial(t, p.listen).Want(harness.Set("a", "1"), "STORED\r\n")
	if all, err := figures(p.stats); err != nil || number(t, all, "alpha", "server0", "requests") != 1 {
		t.Errorf("%v, %v", all, err)
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm",
		pid)); string(name) != filepath.Base(harness.Nutcracker(t))+"\n" {
		t.Errorf("ps shows it as %q, %v", name, err)
	}
	if _, pids, _ := harness.Run(t, "pidof", harness.Nutcracker(t)); !slices.Contains(strings.Fields(pids),
		fmt.Sprint(pid)) {
		t.Errorf("pidof does not know %d: %q", pid, pids)
	}
	for fd := range 3 {
		if target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd)); target != "/dev/null" {
			t.Errorf("fd %d is %s, %v", fd, target, err)
		}
	}
	if info, err := os.Stat(p.file("log")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("log: %v, %v", info, err)
	}
	awaitText(t, p.file("log"), "nutcracker serves")
	if err := os.Rename(p.file("log"), p.file("log.1")); err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(pid, syscall.SIGHUP)
	awaitText(t, p.file("log"), `"signal":"SIGHUP"`)
	_ = syscall.Kill(pid, syscall.SIGTERM)
	testkit.Until(t, "the process has ended", func() bool { return testkit.Gone(pid) })
	if _, err := os.Stat(p.file("pid")); err == nil {
		t.Error("the pid file is still there")
	}
	awaitText(t, p.file("log"), "drained")
}

// Where twemproxy's command returns 0 and the daemon dies, ours reports the error, and leaves no pid file.
func TestDaemonThatCannotServe(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		change func(*place)
		want   string
	}{
		"listen": {func(p *place) {
			p.listen = taken.Addr().String()
		}, "address already in use: another program listens there: stop it, or choose another port in listen:"},
		"stats": {func(p *place) {
			p.stats = taken.Addr().String()
		}, "address already in use: choose another port with -s or another address with -a"},
	} {
		p := newPlace(t)
		c.change(p)
		for _, flags := range [][]string{{"-d"}, nil} {
			args := p.args(t, p.pool("127.0.0.1:1"), append(flags, "-p", p.file("pid"), "-o", p.file("log"))...)
			o := execute(t, append([]string{harness.Nutcracker(t)}, args...)...)
			if o.code != 1 || !strings.HasPrefix(o.stderr, "nutcracker: ") ||
				!strings.HasSuffix(o.stderr, c.want+"\n") || strings.Count(o.stderr, "\n") != 1 {
				t.Errorf("%s, %v: %d, %q", name, flags, o.code, o.stderr)
			}
			if _, err := os.Stat(p.file("pid")); err == nil {
				t.Errorf("%s, %v: a pid file is left", name, flags)
			}
		}
	}
	for _, line := range []string{"-o /no/such/folder/log -p pid", "-o log -p /no/such/folder/pid"} {
		p := newPlace(t)
		args := append(p.args(t, p.pool("127.0.0.1:1")), strings.Fields(line)...)
		cmd := exec.Command(harness.Nutcracker(t), args...)
		cmd.Dir = p.folder
		said, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(said), "/no/such/folder") ||
			!strings.Contains(string(said), "name a file in an existing, writable folder") {
			t.Errorf("%s: %v, %q", line, err, said)
		}
	}
}

// Debian's script tests the configuration, starts, reloads and stops the daemon, with start-stop-daemon and the
// daemon's own files.
func TestAsDebianStartsIt(t *testing.T) {
	server, p, bin := harness.StartMemcached(t), newPlace(t), harness.Nutcracker(t)
	options := append([]string{"-d"}, p.args(t, p.pool(server.Addr), "-p", p.file("pid"), "-o", p.file("log"))...)
	if o := execute(t, append([]string{bin, "-t"}, options...)...); o.code != 0 {
		t.Fatalf("-t: %+v", o)
	}
	start := append([]string{
		"/sbin/start-stop-daemon", "--quiet", "--start", "--pidfile", p.file("pid"), "--exec",
		bin, "--",
	}, options...)
	if o := execute(t, start...); o != (outcome{}) {
		t.Fatalf("start: %+v", o)
	}
	pid := p.pid(t)
	if o := execute(t, start...); o.code != 1 {
		t.Errorf("the second start: %+v", o)
	}
	harness.Dial(t, p.listen).Want(harness.Set("a", "1"), "STORED\r\n")
	signal := func(args ...string) outcome {
		return execute(t,
			append(append([]string{"/sbin/start-stop-daemon", "--quiet", "--stop"}, args...), "--pidfile",
				p.file("pid"), "--exec", bin)...)
	}
	if o := signal("--signal", "HUP"); o.code != 0 {
		t.Errorf("reload: %+v", o)
	}
	awaitText(t, p.file("log"), "log file reopened")
	if o := signal("--retry", "60"); o.code != 0 {
		t.Errorf("stop: %+v", o)
	}
	testkit.Until(t, "the process has ended", func() bool { return testkit.Gone(pid) })
}

// In the foreground, as under systemd, there is a pid file only with -p, and the log goes where -o says.
func TestForeground(t *testing.T) {
	server, p := harness.StartMemcached(t), newPlace(t)
	process := p.run(t, harness.Nutcracker(t), p.pool(server.Addr), "-p", p.file("pid"))
	if pid := p.pid(t); pid != process.PID {
		t.Errorf("the pid file says %d, it is %d", pid, process.PID)
	}
	busy := harness.Dial(t, p.listen)
	busy.Want(harness.Set("a", "1"), "STORED\r\n")
	server.Pause()
	busy.Send("get a\r\n")
	testkit.Eventually(t, "the request waits", func() error {
		all, err := figures(p.stats)
		if err == nil && number(t, all, "alpha", "server0", "out_queue") != 1 {
			err = fmt.Errorf("%v", all)
		}
		return err
	})
	process.Terminate()
	testkit.Eventually(t, "draining", func() error {
		if !strings.Contains(process.Log(), "draining") {
			return fmt.Errorf("%s", process.Log())
		}
		return nil
	})
	if _, err := figures(p.stats); err != nil {
		t.Errorf("while it drains: %v", err)
	}
	server.Resume()
	if rest := busy.AwaitEOF(); rest != harness.Hit("a", "1") {
		t.Errorf("the request in flight got %q", rest)
	}
	if code := process.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(p.file("pid")); err == nil {
		t.Error("the pid file is still there")
	}
}

// Each signal does what it does in twemproxy, except that the shutdown is orderly.
func TestSignals(t *testing.T) {
	for _, last := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGSEGV} {
		p := newPlace(t)
		args := append([]string{harness.Nutcracker(t)},
			p.args(t, p.pool(testkit.DeadAddr(t)), "-v", "4", "-o", p.file("log"))...)
		process := testkit.Start(t, "nutcracker", args...)
		p.awaitListen(t, process.Exited)
		for _, c := range []struct {
			signal syscall.Signal
			want   string
		}{
			{syscall.SIGTTIN, `"signal":"SIGTTIN","log_level":5,"name":"NOTICE"`},
			{syscall.SIGTTIN, `"log_level":6,"name":"INFO"`},
			{syscall.SIGUSR1, `configuration reloaded`},
			{syscall.SIGUSR2, `"signal":"SIGUSR2"`},
			{syscall.SIGTTOU, `"signal":"SIGTTOU","log_level":5,"name":"NOTICE"`},
			{syscall.SIGHUP, `"signal":"SIGHUP"`},
		} {
			process.Signal(c.signal)
			awaitText(t, p.file("log"), c.want)
		}
		awaitText(t, p.file("log"), "server ejected")
		text, err := os.ReadFile(p.file("log"))
		if err != nil || strings.Contains(string(text), "nutcracker serves") {
			t.Errorf("-v 4: %v, %s", err, text)
		}
		if last == syscall.SIGSEGV {
			process.Signal(last)
			if process.ExitCode() == 0 {
				t.Error("SIGSEGV did not end it")
			}
			awaitText(t, p.file("log"), "SIGSEGV")
			continue
		}
		idle := harness.Dial(t, p.listen)
		idle.Want("mn\r\n", "MN\r\n")
		process.Signal(last)
		if rest := idle.AwaitEOF(); rest != "" {
			t.Errorf("an idle client reads %q", rest)
		}
		if code := process.ExitCode(); code != 0 {
			t.Errorf("%v: exit code %d", last, code)
		}
	}
}

// If a pool names no permission for its unix socket, either daemon makes it accessible to everybody.
func TestSocketOfADaemon(t *testing.T) {
	for _, bin := range []string{theirs, harness.Nutcracker(t)} {
		p := newPlace(t)
		pools := p.pool(testkit.DeadAddr(t)) + "beta:\n  listen: " + p.file("beta.sock") +
			"\n  timeout: 100\n  servers:\n   - 127.0.0.1:1:1\n"
		args := append([]string{bin, "-d"}, p.args(t, pools, "-p", p.file("pid"), "-o", p.file("log"))...)
		if o := execute(t, args...); o.code != 0 {
			t.Fatalf("%+v", o)
		}
		p.awaitListen(t, func() bool { return false })
		p.pid(t)
		testkit.Eventually(t, bin+" has the socket of the second pool", func() error { // which comes after the first
			info, err := os.Stat(p.file("beta.sock"))
			if err == nil && info.Mode().Perm() != 0o777 {
				err = fmt.Errorf("%v", info.Mode())
			}
			return err
		})
		c, err := net.Dial("unix", p.file("beta.sock"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "quit\r\n")
		_, _ = io.ReadAll(c)
		c.Close()
	}
}
