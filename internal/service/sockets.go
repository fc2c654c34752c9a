package service

import (
	"os"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// Socket listens already when the process begins.
type Socket struct {
	FD      int
	Foreign bool // systemd has made it, and keeps it
}

// Given is what a process begins with.
type Given struct {
	Sockets []Socket
	// TakeOver has the process that has served until now give up; nil: there is none. Before it nothing may be read that that
	// one may still write. When it returns an error this process has to end.
	TakeOver func() error
	// Give hands a file that is open to the user that the process becomes when it has started; nil: it stays who it is.
	Give func(*os.File) error
	// Files are the paths of what the process has for itself: pid file, log, unix sockets.
	Files []string
}

// activated are the sockets of systemd's socket activation (LISTEN_FDS), if it is this process that they are for.
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

// foreignPaths are the files of those that somebody else has made.
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

// programPath is where the running program is started from: as it was typed if that still leads to it, so that a symbolic
// link is followed anew by whoever starts it again.
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
