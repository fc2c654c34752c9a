package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// nobody is the user of these tests.
const nobody = 65534

// owner returns the user that a file belongs to; for a link, that of the link itself.
func owner(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// identified is a server that tells its identity, and nothing else.
func identified(t *testing.T) string {
	t.Helper()
	return testkit.Serve(t, answerStats)
}

func answerStats(c net.Conn) {
	for in := bufio.NewScanner(c); in.Scan(); {
		answer := "END\r\n"
		switch strings.TrimSpace(in.Text()) {
		case "stats":
			answer = "STAT pid 7\r\nSTAT uptime 5\r\nSTAT time 1005\r\nSTAT version 1.6.18\r\nEND\r\n"
		case "version":
			answer = "VERSION 1.6.18\r\n"
		case "mn":
			answer = "MN\r\n"
		}
		if _, err := fmt.Fprint(c, answer); err != nil {
			return
		}
	}
}

// All files of a journal belong to the user that root becomes, whoever created them and when. The next
// start as that user works.
func testStateDir(t *testing.T, bin string) {
	needRoot(t)
	primary, backup := identified(t), identified(t)
	for range 5 { // identities are written once connections are established, which is when the rights are given up
		dir := testkit.OpenFolder(t)
		state := filepath.Join(dir, "state")
		args := []string{"--state-dir", state, "-s", primary, "-b", backup, "-l", "127.0.0.1:0", "--threads", "2"}
		for _, as := range []string{"root", "nobody"} {
			p := start(t, exec.Command(bin, append(args, "-u", as)...))
			p.listening()
			testkit.Until(t, "the servers are known", func() bool {
				text, _ := os.ReadFile(filepath.Join(state, "servers.json"))
				return strings.Count(string(text), "7@1000") == 2
			})
			p.Signal(syscall.SIGTERM)
			p.ends(0)
		}
		files, err := filepath.Glob(filepath.Join(state, "*"))
		if err != nil || len(files) < 2 {
			t.Fatalf("%q, %v", files, err)
		}
		for _, file := range append(files, state) {
			if uid := owner(t, file); uid != nobody {
				t.Errorf("%s belongs to %d", file, uid)
			}
		}
		p := start(t, asNobody(exec.Command(bin, args...)))
		p.listening()
		p.Signal(syscall.SIGTERM)
		p.ends(0)
	}
}

// Only a journal's own files are transferred. A folder with any other file is refused.
func testStateDirRefused(t *testing.T, bin string) {
	needRoot(t)
	for name, c := range map[string]struct {
		prepare func(precious, state string) error
		want    string
	}{
		"a file": {func(_, state string) error {
			return os.WriteFile(filepath.Join(state, "x"), nil, 0o600)
		}, `"x", which is not magent's: name an empty or new folder`},
		"a hard link": {func(precious, state string) error {
			return os.Link(precious, filepath.Join(state, "lock"))
		}, `"lock" cannot be given to the user of -u: it has another name as well`},
		"foreign link": {func(precious, state string) error {
			return os.Link(precious, filepath.Join(state, "passwd"))
		}, `"passwd", which is not magent's`},
		"a link": {func(precious, state string) error {
			return os.Symlink(precious, filepath.Join(state, "servers.json"))
		}, `"servers.json" is not a regular file`},
		"a folder's link": {func(precious, state string) error {
			real := filepath.Dir(precious)
			_ = os.Remove(state)
			return os.Symlink(real, state)
		}, "is a symbolic link"},
		"somebody's": {func(_, state string) error {
			return os.Chown(state, 1234, 1234)
		}, "it belongs to somebody else"},
		"deep": {func(_, state string) error { return os.Remove(state) }, ""},
	} {
		dir := testkit.OpenFolder(t)
		precious, state := filepath.Join(dir, "home", "precious"), filepath.Join(dir, "state")
		for _, folder := range []string{state, filepath.Dir(precious)} {
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.prepare(precious, state); err != nil {
			t.Fatal(err)
		}
		named, want := state, c.want
		if name == "deep" {
			named, want = filepath.Join(state, "a", "b"), "there is no folder "+filepath.Join(state, "a")+": create it"
		}
		fails(t, bin, "-s "+deadServer+" -b 127.0.0.1:2 -l 127.0.0.1:0 -u nobody --state-dir "+named,
			"--state-dir "+named, want)
		if text, err := os.ReadFile(precious); err != nil || string(text) != "precious" || owner(t, precious) != 0 ||
			owner(t, filepath.Dir(precious)) != 0 {
			t.Errorf("%s: it is %q now, of %d, in a folder of %d, %v", name, text, owner(t, precious),
				owner(t, filepath.Dir(precious)), err)
		}
		if name == "deep" {
			if _, err := os.Lstat(state); err == nil {
				t.Error("folders were made")
			}
		} else if uid := owner(t, state); uid == nobody {
			t.Errorf("%s: the folder was given away", name)
		}
	}
}

// folderOf returns a new folder that belongs to a user.
func folderOf(t *testing.T, uid int) string {
	t.Helper()
	dir := testkit.OpenFolder(t)
	if err := os.Chown(dir, uid, -1); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A pid file, a log and a socket are transferred only if they are files of this program.
func testFilesOfOthers(t *testing.T, bin string) {
	needRoot(t)
	line := "-s " + deadServer + " -l 127.0.0.1:0 -u nobody "
	for name, link := range map[string]func(string, string) error{"hard": os.Link, "symbolic": os.Symlink} {
		dir := folderOf(t, nobody)
		precious, pid, log := filepath.Join(dir, "precious"), filepath.Join(dir, "pid"), filepath.Join(dir, "log")
		if err := os.WriteFile(precious, []byte("precious\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{pid, log} {
			if err := link(precious, path); err != nil {
				t.Fatal(err)
			}
		}
		fails(t, bin, line+"--pid-file "+pid, "--pid-file "+pid+": it ", "")
		fails(t, bin, line+"--pid-file "+precious, "--pid-file "+precious+": it ", "")
		p := start(t, exec.Command(bin, strings.Fields(line+"--log-format json --log-file "+log)...))
		testkit.Until(t, "the warning", func() bool {
			text, _ := os.ReadFile(log)
			return strings.Contains(string(text), "is not given to the user of -u, and cannot be reopened on SIGHUP")
		})
		p.Signal(syscall.SIGTERM)
		p.ends(0)
		if text, err := os.ReadFile(precious); err != nil || !strings.HasPrefix(string(text), "precious\n") ||
			owner(t, precious) != 0 {
			t.Errorf("%s: it is %.20q now, of %d, %v", name, text, owner(t, precious), err)
		}
	}
}
