package upgrade

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestDaemon upgrades a daemon. It was started with relative names, from a folder that it has left, through a symbolic
// link that leads elsewhere now.
func TestDaemon(t *testing.T) {
	server := harness.StartMemcached(t)
	s := &site{t: t, dir: t.TempDir(), addr: testkit.DeadAddr(t), first: &testkit.Process{}}
	s.binary, s.pidFile, s.log = filepath.Join(s.dir, "magent"), filepath.Join(s.dir, "pid"),
		filepath.Join(s.dir, "log")
	s.replace(harness.Binary(t))
	t.Cleanup(s.end)
	link := func(to string) {
		t.Helper()
		path := filepath.Join(s.dir, "current")
		_ = os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	link("magent")
	cmd := exec.Command("./current", "-d", "-l", s.addr, "-s", server.Addr, "--pid-file", "pid", "--log-file", "log",
		"--log-format", "json", "--timeout", "1m", "--connect-timeout", "1m")
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first := s.pid()
	if err := os.Rename(s.binary, s.binary+"-2"); err != nil {
		t.Fatal(err)
	}
	link("magent-2")
	second := s.upgrade()
	testkit.Eventually(t, "the old process has gone", func() error {
		if !testkit.Gone(first) {
			return errors.New("it is there")
		}
		return nil
	})
	if exe, err := os.Readlink("/proc/" + itoa(second) + "/exe"); err != nil || exe != s.binary+"-2" {
		t.Errorf("it runs %s, %v", exe, err)
	}
	if dir, err := os.Readlink("/proc/" + itoa(second) + "/cwd"); err != nil || dir != "/" {
		t.Errorf("it is in %s, %v", dir, err)
	}
	for _, fd := range []string{"0", "1", "2"} {
		if file, err := os.Readlink("/proc/" + itoa(second) + "/fd/" + fd); err != nil || file != os.DevNull {
			t.Errorf("its file %s is %s, %v", fd, file, err)
		}
	}
	harness.Dial(t, s.addr).Want("get a\r\n", "END\r\n")
}

// TestUnixSocket checks that the file of a unix socket exists all the time, and is removed by the last process.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "socket")
	s := install(t, "-f", path, "-s", harness.StartMemcached(t).Addr)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	last := s.upgrade()
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("%v: it is another one", err)
	}
	harness.Dial(t, path).Want("get a\r\n", "END\r\n")
	s.signal(last, syscall.SIGTERM)
	testkit.Eventually(t, "the file goes", func() error {
		if _, err := os.Stat(path); err == nil {
			return errors.New("it is there")
		}
		return nil
	})
}

// TestTerminatedMeanwhile checks that SIGTERM to a process which has just begun an upgrade ends both processes.
func TestTerminatedMeanwhile(t *testing.T) {
	s := install(t, "-s", harness.StartMemcached(t).Addr)
	sleeper := filepath.Join(t.TempDir(), "sleeper")
	harness.WriteProgram(t, sleeper, []byte("#!/bin/sh\nexec sleep 1000\n"))
	s.replace(sleeper)
	s.first.Signal(syscall.SIGUSR2)
	s.awaitLog("a new process starts", 1)
	s.first.Terminate()
	if code := s.first.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	testkit.Until(t, "nobody listens", func() bool { // the other one has the socket until it has ended
		c, err := harness.Open(s.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// TestAdminSocket checks that requests on the unix socket are answered all the time by one of the processes, and that
// the last one removes the file.
func TestAdminSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "admin.sock")
	s := install(t, "-s", harness.StartMemcached(t).Addr, "--admin", path)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	done, asked := make(chan struct{}), make(chan error, 1)
	go func() {
		client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", path)
			},
		}}
		var refused error
		for {
			select {
			case <-done:
				asked <- refused
				return
			default:
			}
			r, err := client.Get("http://localhost/livez")
			if err == nil {
				r.Body.Close()
				// A request may be cut off by the change, but it must not be refused.
			} else if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
				refused = err
			}
		}
	}()
	last := 0
	for range 3 {
		last = s.upgrade()
	}
	close(done)
	if err := <-asked; err != nil {
		t.Errorf("a probe was refused: %v", err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("%v: the file is another one", err)
	}
	if code, out, words := harness.Run(t, s.binary, "health", "--readyz", path, "--within", "30s"); code != 0 {
		t.Errorf("magent health: %d, %s%s", code, out, words)
	}
	s.signal(last, syscall.SIGTERM)
	testkit.Eventually(t, "the file goes", func() error {
		if _, err := os.Stat(path); err == nil {
			return errors.New("it is there")
		}
		return nil
	})
}
