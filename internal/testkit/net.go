package testkit

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Listen listens on a port of the loopback until the end of the test.
func Listen(tb testing.TB) net.Listener {
	tb.Helper()
	return ListenOn(tb, "tcp", "127.0.0.1:0")
}

// ListenOn is Listen for any network and address.
func ListenOn(tb testing.TB, network, address string) net.Listener {
	tb.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = ln.Close() })
	return ln
}

// Serve runs a server for the test and returns its address. Each connection is handled on a goroutine of its own, and
// closed when handle returns. At the end of the test all connections are closed, and their goroutines waited for.
func Serve(tb testing.TB, handle func(net.Conn)) (address string) {
	tb.Helper()
	ln := Listen(tb)
	ServeOn(tb, ln, handle)
	return ln.Addr().String()
}

// ServeOn is Serve for a listener, which it closes at the end of the test.
func ServeOn(tb testing.TB, ln net.Listener, handle func(net.Conn)) {
	s := &server{open: map[net.Conn]bool{}}
	s.all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.all.Go(func() { s.serve(c, handle) })
		}
	})
	tb.Cleanup(func() {
		_ = ln.Close()
		s.end()
		s.all.Wait()
	})
}

// server knows the connections that have to be closed at the end.
type server struct {
	all   sync.WaitGroup
	mu    sync.Mutex
	open  map[net.Conn]bool
	ended bool
}

func (s *server) serve(c net.Conn, handle func(net.Conn)) {
	defer func() { _ = c.Close() }()
	s.mu.Lock()
	ended := s.ended
	s.open[c] = true
	s.mu.Unlock()
	if !ended {
		handle(c)
	}
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
}

func (s *server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for c := range s.open {
		_ = c.Close()
	}
}

// Dial connects, and closes the connection at the end of the test. All that happens on it has to happen within
// Patience.
func Dial(tb testing.TB, network, address string) net.Conn {
	tb.Helper()
	c, err := net.DialTimeout(network, address, Patience)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(Patience)); err != nil {
		tb.Fatal(err)
	}
	return c
}

// Silent is the address of a server that takes connections and says nothing.
func Silent(tb testing.TB) string {
	tb.Helper()
	return Listen(tb).Addr().String()
}

// SocketPath is a path for a unix socket: a short one, for the kernel takes no more than 107 bytes.
func SocketPath(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(OpenFolder(tb), "s")
}

// OpenFolder is an empty folder with a short path that every user may enter, as a test's own folder is not.
func OpenFolder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "t")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}
