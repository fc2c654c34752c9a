package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// inNamespace runs a command line with a folder of its own in the place of /run, and no /dev/log.
func inNamespace(folder string, args ...string) (string, error) {
	const script = `mount --bind "$1" /run && shift &&
		{ test ! -e /dev/log || mount --bind /dev/null /dev/log; } && exec "$@"`
	out, err := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, "-", folder}, args...)...).
		CombinedOutput()
	return string(out), err
}

// A daemon without a log file logs to syslog, with the severity of each line, and says so. Without a syslog it does
// not start.
func testDaemonSyslog(t *testing.T, bin string) {
	needRoot(t)
	d, folder := newDaemon(t), testkit.OpenFolder(t)
	args := []string{
		bin, "-d", "-s", deadServer, "-l", "127.0.0.1:0", "-u", "nobody", "--pid-file", d.pidFile,
	}
	said, err := inNamespace(folder, args...)
	want := "magent: -d: there is no log: this machine has no syslog (/dev/log): add --log-file FILE\n"
	if err == nil || said != want {
		t.Fatalf("without a syslog: %v, %q", err, said)
	}
	path := filepath.Join(folder, "syslog")
	syslog, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer syslog.Close()
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	said, err = inNamespace(folder, args...)
	want = "magent: the log goes to syslog, as magent: --log-file FILE names a file\n"
	if err != nil || said != want {
		t.Fatalf("%v, %q", err, said)
	}
	wanted := map[string]string{"magent serves": "<30>", "server ejected": "<28>"} // daemon.info, daemon.warning
	line := make([]byte, 8192)
	for len(wanted) > 0 {
		n, err := syslog.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		for text, severity := range wanted {
			if got := string(line[:n]); strings.Contains(got, text) {
				if !strings.HasPrefix(got, severity) || !strings.Contains(got, " magent[") {
					t.Errorf("got %s", got)
				}
				delete(wanted, text)
			}
		}
	}
}

// A log in a folder of somebody else could not be opened again after it was rotated.
func testLogFolderOfOthers(t *testing.T, bin string) {
	needRoot(t)
	folder := testkit.OpenFolder(t)
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(folder, "log")
	fails(t, bin, "-s "+deadServer+" -l 127.0.0.1:0 -u nobody --log-file "+log,
		"--log-file "+log+": the user of -u cannot write to "+folder+" (permission denied), so the log",
		"name a file in a folder of that user")
	p := start(t, exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0", "-u", "nobody", "--log-file", "/dev/null",
		"--pid-file", filepath.Join(folder, "pid")))
	testkit.Until(t, "the pid file", func() bool {
		info, err := os.Stat(filepath.Join(folder, "pid"))
		return err == nil && info.Sys().(*syscall.Stat_t).Uid == nobody
	})
	p.Signal(syscall.SIGTERM)
	p.ends(0)
}
