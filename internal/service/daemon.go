package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// daemonVariable marks the environment of a process that Daemonize has started.
const daemonVariable = "_MAGENT_DAEMON"

// readyMark is the last byte that a daemon sends to its parent. Warnings come before it.
const readyMark = 0

// IsDaemon reports whether this process was started by Daemonize.
func IsDaemon() bool { return os.Getenv(daemonVariable) == "1" }

// Daemonize starts the running program again with the same arguments, in a new session and with its standard files on
// /dev/null, and waits until it is ready (see detach). It returns the exit code for this process, the parent.
//
// Go cannot fork a process with threads, hence the second start. Until the daemon is ready, its stderr is a pipe to
// the parent. So anything that goes wrong at the start is printed where the user sees it, whoever writes it.
func Daemonize(program string, args []string, stderr io.Writer) int {
	cmd := exec.Command(daemonPath(), args...)
	cmd.Args[0] = programPath() // for anyone who starts it again
	cmd.Env = append(os.Environ(), daemonVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	read, write, err := os.Pipe()
	if err != nil {
		fmt.Fprintf(stderr, "%s: -d: %v\n", program, err)
		return 1
	}
	defer read.Close()
	cmd.Stderr = write
	err = cmd.Start()
	write.Close()
	if err != nil {
		fmt.Fprintf(stderr, "%s: -d: cannot start the daemon: %v\n", program, err)
		return 1
	}
	return awaitDaemon(cmd, program, read, stderr)
}

// daemonPath returns the file to start the running program from. That is its own path as long as it is still the same
// file, because the kernel names a process after the file (ps, top, /proc/PID/comm).
func daemonPath() string {
	const same = "/proc/self/exe"
	path := programPath()
	here, err1 := os.Stat(same)
	there, err2 := os.Stat(path)
	if err1 != nil || err2 != nil || !os.SameFile(here, there) {
		return same
	}
	return path
}

// awaitDaemon reads until the daemon has closed its stderr: it is ready, or dead.
func awaitDaemon(cmd *exec.Cmd, program string, read io.Reader, stderr io.Writer) int {
	said, _ := io.ReadAll(read)
	if text, ready := bytes.CutSuffix(said, []byte{readyMark}); ready {
		stderr.Write(text)
		cmd.Process.Release()
		return 0
	}
	stderr.Write(said)
	err := cmd.Wait()
	if len(said) == 0 {
		fmt.Fprintf(stderr, "%s: -d: the daemon ended while it started (%v): run it without -d to see more\n",
			program, err)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	return 1
}

// detach tells the parent that the daemon is ready, by writing readyMark and closing the pipe. stderr becomes
// /dev/null, as stdin and stdout have been since the start.
func detach() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	if _, err := os.Stderr.Write([]byte{readyMark}); err != nil && !errors.Is(err, syscall.EPIPE) {
		return err
	}
	return unix.Dup3(int(null.Fd()), int(os.Stderr.Fd()), 0)
}
