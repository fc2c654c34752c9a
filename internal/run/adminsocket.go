package run

import (
	"errors"
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

// adminSocket is where the process is watched. Who cannot open the file of a unix socket cannot take the places of those who can. The
// process after an upgrade is given it, so that nobody else can take the address meanwhile, and a probe that comes in between waits.
type adminSocket struct {
	service.Socket              // FD is -1 if it is not to be passed on
	address        string       // as it is configured
	bound          net.Listener // of TCP, if it was bound by this process
	file           os.FileInfo  // of a unix socket, to be removed in the end; nil: somebody else listens there, or has made it
}

// isPath reports whether an address of watchers is that of a unix socket.
func isPath(address string) bool { return strings.HasPrefix(address, "/") }

// paths are those of unix sockets.
func (a Admin) paths() []string {
	return slices.DeleteFunc(slices.Clone(a.Addrs), func(address string) bool { return !isPath(address) })
}

// claim takes the sockets for watchers out of what the process begins with.
func (a Admin) claim(sockets []service.Socket) (own, rest []service.Socket) {
	for _, s := range sockets {
		if slices.ContainsFunc(a.Addrs, func(address string) bool { return isBoundTo(s, address) }) {
			own = append(own, s)
		} else {
			rest = append(rest, s)
		}
	}
	return own, rest
}

// isBoundTo reports whether a socket is bound to an address. No socket is to one with port 0: that means another one each time.
func isBoundTo(s service.Socket, address string) bool {
	bound, err := loop.LocalEndpoint(s.FD)
	if err != nil {
		return false
	}
	if isPath(address) {
		return bound.Path != "" && filepath.Clean(bound.Path) == filepath.Clean(address)
	}
	wanted, err := net.ResolveTCPAddr("tcp", address)
	if err != nil || bound.Path != "" || wanted.Port == 0 || wanted.Port != int(bound.Addr.Port()) {
		return false
	}
	ip := bound.Addr.Addr()
	if len(wanted.IP) == 0 || wanted.IP.IsUnspecified() {
		return ip.IsUnspecified()
	}
	return net.IP(ip.AsSlice()).Equal(wanted.IP)
}

// bindAdmin binds an address, or takes a socket that was given for it, which stays that of its former owner until listener is called.
func bindAdmin(address string, given []service.Socket) (*adminSocket, error) {
	s := &adminSocket{Socket: service.Socket{FD: -1}, address: address}
	options := loop.ListenOptions{Backlog: adminSocketBacklog, Mode: adminSocketMode}
	var err error
	at := slices.IndexFunc(given, func(g service.Socket) bool { return isBoundTo(g, address) })
	switch {
	case at >= 0:
		s.Socket = given[at]
		err = loop.Adopt(s.FD, options)
	case isPath(address):
		s.FD, err = loop.Listen(loop.Endpoint{Path: address}, options)
	default:
		err = s.listen()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	if at < 0 {
		s.owns()
	}
	return s, nil
}

// owns has the file of a unix socket removed in the end.
func (s *adminSocket) owns() {
	if isPath(s.address) && !s.Foreign {
		s.file, _ = os.Lstat(s.address)
	}
}

// listen binds a TCP address.
func (s *adminSocket) listen() error {
	ln, err := net.Listen("tcp", s.address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // the address is named elsewhere
		}
		return err
	}
	s.bound = ln
	if isBoundTo(service.Socket{FD: descriptor(ln)}, s.address) {
		s.FD, err = duplicate(descriptor(ln))
	}
	return err
}

// descriptor is that of a listener, and stays its own.
func descriptor(ln net.Listener) (fd int) {
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil || raw.Control(func(n uintptr) { fd = int(n) }) != nil {
		return -1
	}
	return fd
}

func duplicate(fd int) (int, error) {
	fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	return fd, os.NewSyscallError("fcntl", err)
}

// listener is what net/http accepts from: it has a descriptor of its own, and closing it leaves the file alone. A socket that was
// given has no other owner any more by then: net makes it block for a moment.
func (s *adminSocket) listener() (net.Listener, error) {
	if ln := s.bound; ln != nil {
		s.bound = nil // it is the caller's
		return ln, nil
	}
	fd, err := duplicate(s.FD)
	if err != nil {
		return nil, err
	}
	s.owns()
	f := os.NewFile(uintptr(fd), s.address)
	defer f.Close()
	return net.FileListener(f)
}

// leave has the file stay: another process listens there.
func (s *adminSocket) leave() { s.file = nil }

// close removes the file, if it is still the one that this process goes by.
func (s *adminSocket) close() {
	if s.bound != nil {
		s.bound.Close()
	}
	if s.FD >= 0 {
		unix.Close(s.FD)
	}
	if s.file == nil {
		return
	}
	if now, err := os.Lstat(s.address); err == nil && os.SameFile(now, s.file) && now.ModTime().Equal(s.file.ModTime()) {
		_ = os.Remove(s.address)
	}
}
