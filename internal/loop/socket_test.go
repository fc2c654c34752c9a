package loop

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

// listening binds e until the end of the test.
func listening(t *testing.T, e Endpoint, backlog int) int {
	t.Helper()
	fd, err := Listen(e, ListenOptions{Backlog: backlog, Mode: 0o700})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func socketPath(t *testing.T) Endpoint { return Endpoint{Path: filepath.Join(t.TempDir(), "s")} }

func TestListenReplacesAStaleSocket(t *testing.T) {
	e := socketPath(t)
	fd, err := Listen(e, ListenOptions{Backlog: 1, Mode: 0o700})
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd) // as if the process was killed: the file stays
	if _, err := os.Lstat(e.Path); err != nil {
		t.Fatal(err)
	}
	again, err := Listen(e, ListenOptions{Backlog: 1, Mode: 0o640})
	if err != nil {
		t.Fatalf("with a stale file: %v", err)
	}
	defer unix.Close(again)
	if st, err := os.Lstat(e.Path); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("mode of the file: %v (%v), want 0640", st.Mode(), err)
	}
	c, err := Dial(e)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	unix.Close(c)
}

func TestListenRefusesALiveSocket(t *testing.T) {
	e := socketPath(t)
	fd := listening(t, e, 1)
	if _, err := Listen(e, ListenOptions{Backlog: 1, Mode: 0o700}); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("somebody listens there: %v, want EADDRINUSE", err)
	}
	c, err := Dial(e)
	if err != nil {
		t.Fatalf("the live socket was taken away: %v", err)
	}
	unix.Close(c)
	_ = fd
}

// A socket whose backlog is full refuses connections, but is not stale.
func TestListenRefusesABusySocket(t *testing.T) {
	e := socketPath(t)
	listening(t, e, 0)
	for {
		c, err := Dial(e)
		if err != nil {
			if !errors.Is(err, unix.EAGAIN) {
				t.Fatalf("filling the queue: %v", err)
			}
			break
		}
		defer unix.Close(c)
	}
	if _, err := Listen(e, ListenOptions{Backlog: 1, Mode: 0o700}); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("somebody listens there: %v, want EADDRINUSE", err)
	}
	if _, err := os.Lstat(e.Path); err != nil {
		t.Errorf("the file of a live socket was removed: %v", err)
	}
}

func TestListenRefusesAFile(t *testing.T) {
	e := socketPath(t)
	if err := os.WriteFile(e.Path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if fd, err := Listen(e, ListenOptions{Backlog: 1, Mode: 0o700}); err == nil {
		unix.Close(fd)
		t.Error("a file that is no socket was replaced")
	}
	if b, _ := os.ReadFile(e.Path); string(b) != "precious" {
		t.Errorf("the file holds %q now", b)
	}
}

func TestListenTCP(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		fd := listening(t, Endpoint{Addr: netip.AddrPortFrom(netip.MustParseAddr(host), 0)}, 5)
		e, err := LocalEndpoint(fd)
		if err != nil || e.Addr.Port() == 0 {
			t.Fatalf("%s: bound to %v: %v", host, e, err)
		}
		if _, err := Listen(e, ListenOptions{Backlog: 1}); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("%s: the port is in use: %v", host, err)
		}
		c, err := Dial(e)
		if err != nil {
			t.Fatal(err)
		}
		testkit.AwaitReadable(t, "a connection to "+host, fd)
		a, err := Accept(fd)
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := unix.GetsockoptInt(a, unix.IPPROTO_TCP, unix.TCP_NODELAY); v == 0 {
			t.Errorf("%s: an accepted socket has no TCP_NODELAY", host)
		}
		if flags, _ := unix.FcntlInt(uintptr(a), unix.F_GETFL, 0); flags&unix.O_NONBLOCK == 0 {
			t.Errorf("%s: an accepted socket blocks", host)
		}
		if err := SocketError(c); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		unix.Close(a)
		unix.Close(c)
		if _, err := Accept(fd); !Again(err) {
			t.Errorf("%s: nobody is there any more: %v", host, err)
		}
	}
}

func TestLocalEndpointOfAPath(t *testing.T) {
	e := socketPath(t)
	if got, err := LocalEndpoint(listening(t, e, 1)); err != nil || got != e || got.String() != e.Path {
		t.Errorf("%v: %v", got, err)
	}
}

// The zone of an IPv6 address is the name or the index of a network interface.
func TestZone(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for zone, want := range map[string]int{
		"": 0, "lo": lo.Index, strconv.Itoa(lo.Index): lo.Index, "nosuch0": -1,
		"999999": -1, "0": -1, "lo1x": -1,
	} {
		e := Endpoint{Addr: netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone(zone), 1)}
		_, sa, err := e.sockaddr()
		if want >= 0 {
			if err != nil || e.Check() != nil || int(sa.(*unix.SockaddrInet6).ZoneId) != want {
				t.Errorf("%v: %+v, %v", e, sa, err)
			}
			continue
		}
		if e.Check() == nil || err == nil || !strings.Contains(err.Error(), strconv.Quote(zone)) {
			t.Errorf("%v: %v", e, err)
		}
		if fd, again := Dial(e); again == nil || again.Error() != err.Error() {
			t.Errorf("%v: dialled %d, %v", e, fd, again)
		}
		if fd, again := Listen(e, ListenOptions{Backlog: 1}); again == nil || again.Error() != err.Error() {
			t.Errorf("%v: listening %d, %v", e, fd, again)
		}
	}
}

func TestSend2(t *testing.T) {
	a, b := pair(t)
	defer unix.Close(a)
	defer unix.Close(b)
	for _, c := range [][2]string{{"head ", "body"}, {"", "body"}, {"head", ""}} {
		n, err := Send2(a, []byte(c[0]), []byte(c[1]))
		if got := string(drainPeer(t, b, 100)); err != nil || n != len(got) || got != c[0]+c[1] {
			t.Errorf("%q: %d bytes, %q arrived: %v", c, n, got, err)
		}
	}
}
