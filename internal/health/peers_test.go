package health

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
)

// One peer that can be reached is enough, even if it refuses the connection. Otherwise the proxy is not asked.
func TestPeers(t *testing.T) {
	const nowhere, deaf = "/no/such/socket", "/no/such/other"
	accepts := startFake(t, "tcp", "127.0.0.1:0", always("")())
	proxy := startFake(t, "tcp", "127.0.0.1:0", gets(func(int) string { return "END\r\n" })())
	refuses := testkit.DeadAddr(t)
	for _, c := range []struct {
		peers []string
		err   string
	}{
		{nil, ""},
		{[]string{refuses}, ""},
		{[]string{accepts.ln.Addr().String()}, ""},
		{[]string{nowhere, deaf, refuses}, ""},
		{[]string{accepts.ln.Addr().String(), nowhere}, ""},
		{[]string{nowhere}, "this machine is cut off: none of " + nowhere + " can be reached"},
		{[]string{nowhere, deaf}, "this machine is cut off: none of " + nowhere + ", " + deaf + " can be reached"},
	} {
		address := proxy.ln.Addr().String()
		told, err := Check(t.Context(), Options{Address: address, Peers: c.peers, Within: patience})
		checkResult(t, told, err, address+" serves, in ", "", c.err, c.err != "")
	}
	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	if want := 5 * samples; len(proxy.keys) != want {
		t.Errorf("the proxy was asked for %d keys, want %d", len(proxy.keys), want)
	}
}

// fullBacklog returns an address that does not answer: its backlog is full.
func fullBacklog(t *testing.T) string {
	t.Helper()
	open := func() int {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(fd) })
		return fd
	}
	fd := open()
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for range 8 { // more than a backlog of 0 takes
		if err := syscall.Connect(open(), name); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

// When one peer has answered, the attempts to reach the others end at once.
func TestReachableEnds(t *testing.T) {
	full := fullBacklog(t)
	began := time.Now()
	accepts := startFake(t, "tcp", "127.0.0.1:0", always("")())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if !reachable(ctx, []string{full, accepts.ln.Addr().String(), full}) || time.Since(began) >= patience {
		t.Errorf("it took %v", time.Since(began))
	}
	ctx, cancel = context.WithTimeout(t.Context(), soon)
	defer cancel()
	if reachable(ctx, []string{full, full}) {
		t.Error("a peer that never answers is reachable")
	}
}
