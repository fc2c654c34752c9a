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

// Endpoint is an address that a socket connects or binds to: an IP with a port, or the path of a unix socket.
type Endpoint struct {
	Addr netip.AddrPort
	Path string // unix socket when not empty
}

func (e Endpoint) String() string {
	if e.Path != "" {
		return e.Path
	}
	return e.Addr.String()
}

// ErrNoAddress is what a name without addresses comes to: there is no Endpoint to be had.
var ErrNoAddress = errors.New("the name has no address")

// Check reports what keeps e from being used on this machine: an IPv6 zone that is no interface of it.
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

// zoneID is the number of the interface that an IPv6 zone names, by its name or its number; 0 without a zone.
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
		return 0, fmt.Errorf("this machine has no network interface %q: write the name or number of one behind the %%", zone)
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

// LimitUnsent has the kernel give a TCP connection up when the other side has taken nothing of what was sent for d; also when
// the process that sent it is dead.
func LimitUnsent(fd int, d time.Duration) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds())) // not on a unix socket
}

// ListenOptions are the properties of a listening socket.
type ListenOptions struct {
	Backlog   int
	Mode      os.FileMode // of the file of a unix socket; 0: as the umask has it
	KeepAlive bool        // what Accept returns has SO_KEEPALIVE
	ReusePort bool        // SO_REUSEPORT: others with it may listen at the same address
}

// Listen binds a non-blocking listening socket. What Accept returns inherits TCP_NODELAY and SO_KEEPALIVE from it.
// The file of a unix socket that a dead process has left is replaced, one that answers is an error.
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

// Adopt makes a socket that another program has bound one as Listen returns. Its backlog, and the mode of its file, stay.
func Adopt(fd int, o ListenOptions) error {
	listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM || listens == 0 {
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

// chmodSocket sets the permission of a socket that has just been bound, and of nothing that may have taken its place meanwhile.
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
		return nil // nothing there
	}
	if st.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is no socket", e.Path)
	}
	fd, err := Dial(e)
	if err == nil {
		unix.Close(fd)
	}
	if !errors.Is(err, unix.ECONNREFUSED) { // also EAGAIN, when somebody listens and many wait
		return os.NewSyscallError("bind", unix.EADDRINUSE)
	}
	return os.Remove(e.Path)
}

// Accept takes one connection from a listening socket. Its descriptor is non-blocking.
func Accept(fd int) (int, error) {
	c, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	return c, err
}

// LocalEndpoint is the address that a listening socket is bound to.
func LocalEndpoint(fd int) (Endpoint, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return Endpoint{}, os.NewSyscallError("getsockname", err)
	}
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
