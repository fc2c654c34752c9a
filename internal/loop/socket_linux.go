package loop

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Endpoint is the address of a socket: an IP address with a port, or the path of a unix socket.
type Endpoint struct {
	Addr netip.AddrPort
	Path string // if not empty, the path of a unix socket
}

func (e Endpoint) String() string {
	if e.Path != "" {
		return e.Path
	}
	return e.Addr.String()
}

// Network is the network of the address, as package net names it.
func (e Endpoint) Network() string {
	if e.Path != "" {
		return "unix"
	}
	return "tcp"
}

// ErrNoAddress is the error for a host name that has no addresses.
var ErrNoAddress = errors.New("the name has no address")

// Check returns an error if e cannot be used on this machine: its IPv6 zone is not a network interface here.
func (e Endpoint) Check() error {
	_, _, err := e.sockaddr()
	return err
}

func (e Endpoint) sockaddr() (family int, sa unix.Sockaddr, err error) {
	switch {
	case e.Path != "":
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: e.Path}, nil
	case e.Addr.Addr().Unmap().Is4():
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(e.Addr.Port()), Addr: e.Addr.Addr().Unmap().As4()}, nil
	default:
		sa := &unix.SockaddrInet6{Port: int(e.Addr.Port()), Addr: e.Addr.Addr().As16()}
		sa.ZoneId, err = zoneID(e.Addr.Addr().Zone())
		return unix.AF_INET6, sa, err
	}
}

// zoneID returns the index of the network interface that an IPv6 zone denotes by name or by index. It is 0 for an
// empty zone.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		n, _ := strconv.Atoi(zone)
		i, err = net.InterfaceByIndex(n)
	}
	if err != nil {
		return 0, fmt.Errorf("this machine has no network interface %q: "+
			"write the name or number of one behind the %%", zone)
	}
	return uint32(i.Index), nil
}

// Dial starts a connection and returns its non-blocking socket. When it is writable, SocketError tells the outcome.
func Dial(e Endpoint) (fd int, err error) {
	family, sa, err := e.sockaddr()
	if err != nil {
		return -1, err
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if family != unix.AF_UNIX {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	}
	err = unix.Connect(fd, sa)
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		unix.Close(fd)
		return -1, os.NewSyscallError("connect", err)
	}
	return fd, nil
}

// SocketError fetches and clears the pending error of a socket.
func SocketError(fd int) error {
	e, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if e != 0 {
		return unix.Errno(e)
	}
	return nil
}

// LimitUnsent sets TCP_USER_TIMEOUT: the kernel closes a TCP connection if sent data is not acknowledged for d. This
// works even after the sending process has died. It has no effect on a unix socket.
func LimitUnsent(fd int, d time.Duration) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
}

// ListenOptions are the properties of a listening socket.
type ListenOptions struct {
	Backlog   int
	Mode      os.FileMode // the permissions of a unix socket's file; 0: the umask decides
	KeepAlive bool        // accepted connections have SO_KEEPALIVE
	ReusePort bool        // SO_REUSEPORT: other sockets with this option may listen on the same address
}

// Listen returns a non-blocking listening socket. Accepted connections inherit TCP_NODELAY and SO_KEEPALIVE from it.
// If a dead process has left the file of a unix socket, it is replaced. If another process listens there, that is an
// error.
func Listen(e Endpoint, o ListenOptions) (fd int, err error) {
	family, sa, err := e.sockaddr()
	if err != nil {
		return -1, err
	}
	if family == unix.AF_UNIX {
		if err := removeStale(e); err != nil {
			return -1, err
		}
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if family != unix.AF_UNIX {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, oneIf(o.ReusePort))
		setInherited(fd, o)
	}
	if family == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err := bind(fd, sa, e, o); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// setInherited sets the options that accepted connections inherit from a listening TCP socket.
func setInherited(fd int, o ListenOptions) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, oneIf(o.KeepAlive))
}

// Adopt sets up a listening socket that another program has bound, as Listen would. It does not change the backlog and
// the permissions of the file.
func Adopt(fd int, o ListenOptions) error {
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_STREAM || listens == 0 {
		return errors.New("it is no listening stream socket")
	}
	unix.CloseOnExec(fd)
	if !IsUnix(fd) {
		setInherited(fd, o)
	}
	return os.NewSyscallError("fcntl", unix.SetNonblock(fd, true))
}

// IsUnix reports whether fd is a unix-domain socket.
func IsUnix(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && domain == unix.AF_UNIX
}

func oneIf(on bool) int {
	if on {
		return 1
	}
	return 0
}

func bind(fd int, sa unix.Sockaddr, e Endpoint, o ListenOptions) error {
	if err := unix.Bind(fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if e.Path != "" && o.Mode != 0 {
		if err := chmodSocket(e.Path, o.Mode); err != nil {
			return err
		}
	}
	return os.NewSyscallError("listen", unix.Listen(fd, o.Backlog))
}

// chmodSocket sets the permissions of a unix socket that has just been bound. If something else has replaced it in the
// meantime, that is not touched.
func chmodSocket(path string, mode os.FileMode) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return fmt.Errorf("%s is no socket any more: somebody else writes to its folder", path)
	}
	err = os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode)
	if errors.Is(err, unix.ENOENT) { // there is no /proc
		err = os.Chmod(path, mode)
	}
	return err
}

// removeStale removes the file of a unix socket that nobody listens on.
func removeStale(e Endpoint) error {
	st, err := os.Lstat(e.Path)
	if err != nil {
		return nil // there is no file
	}
	if st.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is no socket: remove it, or choose another path", e.Path)
	}
	fd, err := Dial(e)
	if err == nil {
		unix.Close(fd)
	}
	if !errors.Is(err, unix.ECONNREFUSED) { // EAGAIN: a process listens, but its backlog is full
		return os.NewSyscallError("bind", unix.EADDRINUSE)
	}
	return os.Remove(e.Path)
}

// Accept accepts one connection, and returns its non-blocking descriptor. It makes no garbage, as unix.Accept4 does.
func Accept(fd int) (int, error) {
	c, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(c), nil
}

// RemoteEndpoint returns the address of the other end of a connected socket.
func RemoteEndpoint(fd int) (Endpoint, error) {
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return Endpoint{}, os.NewSyscallError("getpeername", err)
	}
	return endpointOf(sa)
}

// LocalEndpoint returns the address to which a socket is bound.
func LocalEndpoint(fd int) (Endpoint, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return Endpoint{}, os.NewSyscallError("getsockname", err)
	}
	return endpointOf(sa)
}

func endpointOf(sa unix.Sockaddr) (Endpoint, error) {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return Endpoint{Addr: netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))}, nil
	case *unix.SockaddrInet6:
		return Endpoint{Addr: netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))}, nil
	case *unix.SockaddrUnix:
		return Endpoint{Path: a.Name}, nil
	}
	return Endpoint{}, fmt.Errorf("unknown kind of address")
}
