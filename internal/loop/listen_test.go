package loop

import (
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

// Accepted connections have SO_KEEPALIVE if ListenOptions.KeepAlive is set.
func TestListenKeepAlive(t *testing.T) {
	for _, keep := range []bool{false, true} {
		fd, err := Listen(Endpoint{Addr: netip.MustParseAddrPort("127.0.0.1:0")},
			ListenOptions{Backlog: 1, KeepAlive: keep})
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		e, err := LocalEndpoint(fd)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Dial(e)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(c)
		testkit.AwaitReadable(t, "a connection", fd)
		a, err := Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(a)
		if v, err := unix.GetsockoptInt(a, unix.SOL_SOCKET, unix.SO_KEEPALIVE); err != nil || v == 1 != keep {
			t.Errorf("keepalive %v: SO_KEEPALIVE is %d (%v)", keep, v, err)
		}
	}
}

// Two sockets can listen on one address if both have ReusePort, but not if only the second one has it.
func TestListenReusePort(t *testing.T) {
	for _, share := range []bool{false, true} {
		fd, err := Listen(Endpoint{Addr: netip.MustParseAddrPort("127.0.0.1:0")},
			ListenOptions{Backlog: 1, ReusePort: share})
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		e, err := LocalEndpoint(fd)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Listen(e, ListenOptions{Backlog: 1, ReusePort: true})
		if err == nil {
			defer unix.Close(again)
		}
		if err == nil != share {
			t.Errorf("shared %v: %v", share, err)
		}
	}
}

// Without a mode, the umask decides the permissions of a socket's file.
func TestListenWithoutMode(t *testing.T) {
	old := unix.Umask(0o027)
	defer unix.Umask(old)
	e := socketPath(t)
	fd, err := Listen(e, ListenOptions{Backlog: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if st, err := os.Lstat(e.Path); err != nil || st.Mode().Perm() != 0o750 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}
