package service

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// Socket is a socket that was listening before the process began.
type Socket struct {
	FD      int
	Foreign bool // systemd has created it, and keeps it
}

// Given is what a process inherits.
type Given struct {
	Sockets []Socket
	// TakeOver makes the process that has served so far stop its work; nil: there is none. Nothing that the old
	// process still writes may be read before. If it returns an error, this process has to end.
	TakeOver func() error
	// Give transfers an open file to the user that the process becomes after the start; nil: it stays the same user.
	Give func(*os.File) error
	// Files are the paths of the process's own files: pid file, log, unix sockets.
	Files []string
	// Ending is done when the process is told to end. What waits in Reload or in a task gives up then, with ErrEnding.
	Ending context.Context
}

// ErrEnding is why a process has given something up.
var ErrEnding = errors.New("this process was told to end meanwhile")

// activated returns the sockets of systemd's socket activation (LISTEN_FDS), if they are for this process.
func activated() []Socket {
	var sockets []Socket
	for _, f := range activation.Files(true) {
		fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
		f.Close()
		if err == nil {
			sockets = append(sockets, Socket{FD: fd, Foreign: true})
		}
	}
	return sockets
}

// foreignPaths returns the paths of sockets that somebody else has created.
func foreignPaths(sockets []Socket) (paths []string) {
	for _, s := range sockets {
		if name, err := unix.Getsockname(s.FD); err == nil && s.Foreign {
			if file, ok := name.(*unix.SockaddrUnix); ok {
				paths = append(paths, file.Name)
			}
		}
	}
	return paths
}

// programPath returns the path to start the running program from again. It is the path as typed if that still exists,
// so that a symbolic link is followed anew.
func programPath() string {
	exe, err := os.Executable()
	if err != nil {
		exe = "/proc/self/exe"
	}
	typed := lookUp(os.Args[0])
	here, err1 := os.Stat("/proc/self/exe")
	there, err2 := os.Stat(typed)
	if typed != "" && err1 == nil && err2 == nil && os.SameFile(here, there) {
		return typed
	}
	return exe
}

// lookUp finds a program as a shell does. It returns "" if there is none.
func lookUp(name string) string {
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return ""
	}
	return path
}
