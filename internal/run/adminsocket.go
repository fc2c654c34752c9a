package run

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"magent/internal/loop"
	"magent/internal/service"
)

// adminSocketMode lets the user and the group of the process ask. To connect is to write.
const adminSocketMode = 0o660

// adminSocketBacklog is how many connections wait there until they are accepted.
const adminSocketBacklog = 128

// adminSocket is a unix socket where the process is watched: who cannot open the file cannot take the places of those who can. The
// process after an upgrade is given it, so that a probe that comes in between waits, and is not refused.
type adminSocket struct {
	service.Socket
	path string
	file os.FileInfo // to be removed in the end; nil: somebody else listens there, or has made it
}

// isPath reports whether an address of watchers is that of a unix socket.
func isPath(address string) bool { return strings.HasPrefix(address, "/") }

// paths are those of unix sockets.
func (a Admin) paths() []string {
	return slices.DeleteFunc(slices.Clone(a.Addrs), func(address string) bool { return !isPath(address) })
}

// claim takes the unix sockets for watchers out of what the process begins with.
func (a Admin) claim(sockets []service.Socket) (own, rest []service.Socket) {
	for _, s := range sockets {
		if slices.ContainsFunc(a.paths(), func(path string) bool { return isBoundTo(s, path) }) {
			own = append(own, s)
		} else {
			rest = append(rest, s)
		}
	}
	return own, rest
}

func isBoundTo(s service.Socket, path string) bool {
	bound, err := loop.LocalEndpoint(s.FD)
	return err == nil && bound.Path != "" && filepath.Clean(bound.Path) == filepath.Clean(path)
}

// openAdminSocket listens on a path, or goes on with a socket that was given for it. One that is given is passed on to nobody else before
// its former owner has given up: net makes it block for a moment.
func openAdminSocket(path string, own []service.Socket) (*adminSocket, net.Listener, error) {
	s := &adminSocket{path: path}
	options := loop.ListenOptions{Backlog: adminSocketBacklog, Mode: adminSocketMode}
	at := slices.IndexFunc(own, func(given service.Socket) bool { return isBoundTo(given, path) })
	var err error
	if at >= 0 {
		s.Socket = own[at]
		err = loop.Adopt(s.FD, options)
	} else {
		s.FD, err = loop.Listen(loop.Endpoint{Path: path}, options)
	}
	if err != nil {
		return nil, nil, err
	}
	if !s.Foreign {
		s.file, _ = os.Lstat(path)
	}
	ln, err := s.listener()
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, ln, nil
}

// listener is what net/http accepts from. It has a descriptor of its own, and closing it leaves the file alone.
func (s *adminSocket) listener() (net.Listener, error) {
	fd, err := unix.FcntlInt(uintptr(s.FD), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(fd), s.path)
	defer f.Close()
	return net.FileListener(f)
}

// leave has the file stay: another process listens there.
func (s *adminSocket) leave() { s.file = nil }

// close removes the file, if it is still the one that this process goes by.
func (s *adminSocket) close() {
	unix.Close(s.FD)
	if s.file == nil {
		return
	}
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.file) && now.ModTime().Equal(s.file.ModTime()) {
		_ = os.Remove(s.path)
	}
}
