package upgrade

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestAdminPortIsKept checks that an upgrade hands over the socket for monitoring, like those of clients. No other
// program can take the address in between, and no request is refused.
func TestAdminPortIsKept(t *testing.T) {
	admin := testkit.DeadAddr(t)
	s := install(t, "-s", harness.StartMemcached(t).Addr, "--admin", admin)
	var ended atomic.Bool
	done := make(chan error, 2)
	go take(admin, &ended, done)
	go askOn("http://"+admin+"/livez", &ended, done)
	for range 3 {
		s.upgrade()
		harness.Dial(t, s.addr).Want("get a\r\n", "END\r\n")
	}
	ended.Store(true)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// take is a goroutine that tries to listen on an address.
func take(addr string, ended *atomic.Bool, done chan<- error) {
	for !ended.Load() {
		if ln, err := net.Listen("tcp", addr); err == nil {
			defer ln.Close()
			done <- errors.New("the port could be taken")
			return
		}
	}
	done <- nil
}

// askOn is a goroutine that requests a page again and again. It ignores that a connection ends with the process which
// had accepted it.
func askOn(url string, ended *atomic.Bool, done chan<- error) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for !ended.Load() {
		r, err := client.Get(url)
		if err == nil {
			r.Body.Close()
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			done <- fmt.Errorf("it is refused: %w", err)
			return
		}
		harness.Breathe()
	}
	done <- nil
}
