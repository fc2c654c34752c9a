package reload

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestPoolsComeAndGo removes, renames, reorders and adds two pools, sixty times. Six clients ask for values that tell
// which server they are on. A client may lose its connection, or be told that its pool was removed. It never gets a
// value of the other pool, and the process lives on.
func TestPoolsComeAndGo(t *testing.T) {
	t.Parallel()
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	first, second, third := testkit.DeadAddr(t), testkit.DeadAddr(t), testkit.DeadAddr(t)
	stays := pool("stays", third, a)
	s := start(t, calm(stays+pool("one", first, a)+pool("two", second, b)), "--threads", "3")
	for _, server := range []struct{ addr, value string }{{a.Addr, first}, {b.Addr, second}} {
		harness.Dial(t, server.addr).Want(harness.Set("key", server.value), "STORED\r\n")
	}
	var ended atomic.Bool
	done := make(chan error, 1)
	go visit([]string{first, second}, &ended, done)
	for range 15 {
		s.reload(calm(stays))
		s.reload(calm(pool("two", second, b) + stays + pool("one", first, a)))
		s.reload(calm(pool("x", first, a) + pool("y", second, b) + stays))
		s.reload(calm(stays + pool("one", first, a) + pool("two", second, b)))
	}
	ended.Store(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
	harness.Dial(t, second).Want("get key\r\n", harness.Hit("key", second))
	if strings.Contains(s.proxy.Log(), "nothing has changed") {
		t.Error("a reload was refused")
	}
}

// visit is the goroutine of six clients, which connect to the addresses in turn.
func visit(addrs []string, ended *atomic.Bool, done chan<- error) {
	done <- harness.Together(6, func(i int) error {
		addr := addrs[i%len(addrs)]
		for !ended.Load() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				continue // the pool is not there just now
			}
			err = askFor(c, addr, ended)
			c.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// askFor sends requests until the connection ends.
func askFor(c net.Conn, value string, ended *atomic.Bool) error {
	in := bufio.NewReader(c)
	for n := 0; !ended.Load(); n++ {
		_ = c.SetDeadline(time.Now().Add(testkit.Patience))
		if _, err := fmt.Fprintf(c, "get key\r\nget key x%d y%d\r\nset z%d 0 0 1\r\nz\r\n", n, n, n); err != nil {
			return nil
		}
		for _, want := range []string{harness.Hit("key", value), harness.Hit("key", value), "STORED\r\n"} {
			for line := range strings.Lines(want) {
				got, err := in.ReadString('\n')
				if err != nil {
					if errors.Is(err, os.ErrDeadlineExceeded) {
						return fmt.Errorf("no answer in time")
					}
					return nil
				}
				if strings.HasPrefix(got, "SERVER_ERROR the pool was removed") {
					break
				}
				if got != line {
					return fmt.Errorf("a client of %s got %q, want %q", value, got, line)
				}
			}
		}
	}
	return nil
}
