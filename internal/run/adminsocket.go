package run

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"magent/internal/cause"
	"magent/internal/loop"
	"magent/internal/service"
)

// adminSocketMode allows the user and the group of the process to connect, which needs the permission to write.
const adminSocketMode = 0o660

// controlSocketMode allows nobody but the user of the process, and root.
const controlSocketMode = 0o600

// adminSocketBacklog is the backlog of the listening sockets.
const adminSocketBacklog = 128

// adminSocket is a listening socket for monitoring. In an upgrade the new process gets it. So no other program can
// take the address in between, and probes that arrive in between only wait.
type adminSocket struct {
	service.Socket              // FD is -1 if the socket cannot be passed on
	address        string       // as it is configured
	bound          net.Listener // TCP: the listener, if this process has bound it
	file           service.SocketFile
	kept           bool // its file stays when it is closed: another process listens there
}

// isPath reports whether an address for monitoring is the path of a unix socket.
func isPath(address string) bool { return strings.HasPrefix(address, "/") }

// isBoundTo reports whether a socket is bound to an address. It returns false for an address with port 0, which means
// a new port each time.
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

// bindAdmin binds an address, or takes over a given socket that is bound to it. A given socket still belongs to the
// previous process until listener is called. mode is for the file of a unix socket.
func bindAdmin(address string, given []service.Socket, mode os.FileMode) (*adminSocket, error) {
	s := &adminSocket{Socket: service.Socket{FD: -1}, address: address}
	options := loop.ListenOptions{Backlog: adminSocketBacklog, Mode: mode}
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
	s.kept = at >= 0
	if isPath(address) {
		s.file = service.SocketFileAt(address, s.Foreign)
	}
	return s, nil
}

// listen binds a TCP address.
func (s *adminSocket) listen() error {
	ln, err := net.Listen("tcp", s.address)
	if err != nil {
		return cause.Of(err) // the caller adds the address
	}
	s.bound = ln
	if isBoundTo(service.Socket{FD: descriptor(ln)}, s.address) {
		s.FD, err = duplicate(descriptor(ln))
	}
	return err
}

// descriptor returns the descriptor of a listener, which still belongs to the listener.
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

// listener returns the listener for net/http. It has a descriptor of its own, and closing it does not remove the file.
// A given socket must not be used by another process any more, because package net makes it blocking for a moment.
func (s *adminSocket) listener() (net.Listener, error) {
	if ln := s.bound; ln != nil {
		s.bound = nil // the caller owns it now
		return ln, nil
	}
	fd, err := duplicate(s.FD)
	if err != nil {
		return nil, err
	}
	s.kept = s.Foreign
	f := os.NewFile(uintptr(fd), s.address)
	defer f.Close()
	return net.FileListener(f)
}

// leave makes close keep the file, because another process listens on it.
func (s *adminSocket) leave() { s.kept = true }

// close closes the socket. It removes the file of a unix socket, if that is still the one of this process.
func (s *adminSocket) close() {
	if s.bound != nil {
		s.bound.Close()
	}
	if s.FD >= 0 {
		unix.Close(s.FD)
	}
	if !s.kept {
		s.file.Remove()
	}
}
