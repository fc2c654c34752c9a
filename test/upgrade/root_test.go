package upgrade

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// isRoot reports whether a magent can become another user here.
func isRoot(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Log("only root can become another user")
	}
	return os.Geteuid() == 0
}

// rooted is a magent that root starts in a folder of its own, and that becomes a user who may not enter that folder.
func rooted(t *testing.T, args ...string) (s *site, closed string) {
	t.Helper()
	dir, closed := testkit.OpenFolder(t), t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	s = &site{t: t, dir: dir, addr: testkit.DeadAddr(t), first: &testkit.Process{}}
	s.binary, s.pidFile, s.log = filepath.Join(dir, "magent"), filepath.Join(dir, "pid"), filepath.Join(dir, "log")
	s.replace(harness.Binary(t))
	t.Cleanup(s.end)
	s.args = append([]string{
		"env", "-C", closed, s.binary, "-u", "nobody", "-l", s.addr, "-s", harness.StartMemcached(t).Addr,
		"--pid-file", s.pidFile, "--log-file", s.log, "--log-format", "json", "--timeout", "1m",
		"--connect-timeout", "1m",
	}, args...)
	return s, closed
}

// TestFolderOfRoot checks that a magent can be upgraded that root has started in /root, as a daemon and otherwise.
func TestFolderOfRoot(t *testing.T) {
	t.Parallel()
	if !isRoot(t) {
		return
	}
	s, closed := rooted(t)
	s.restart()
	for range 2 {
		last := s.upgrade()
		if dir, err := os.Readlink("/proc/" + itoa(last) + "/cwd"); err != nil || dir != closed {
			t.Errorf("it is in %s, %v", dir, err)
		}
	}
	harness.Dial(t, s.addr).Want("get a\r\n", "END\r\n")

	s, _ = rooted(t, "-d")
	if out, err := exec.Command(s.args[0], s.args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.upgrade()
	s.upgrade()
	harness.Dial(t, s.addr).Want("get a\r\n", "END\r\n")
}

// TestFilesOfRoot checks that the old process goes on if the new one could not use the pid file or the state
// directory, which is where its user may not look.
func TestFilesOfRoot(t *testing.T) {
	t.Parallel()
	if !isRoot(t) {
		return
	}
	s, closed := rooted(t)
	s.pidFile = filepath.Join(closed, "pid")
	s.args = append(s.args, "--pid-file", s.pidFile)
	s.restart()
	s.refused("--pid-file " + s.pidFile + ": permission denied")

	s, closed = rooted(t)
	state := filepath.Join(closed, "state")
	s.args = append(s.args, "-b", harness.StartMemcached(t).Addr, "--state-dir", state)
	s.restart()
	s.refused("--state-dir " + state)
}
