package refill

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"magent/failover"
	"magent/internal/loop"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// process is a server that only answers stats, with its identity.
type process struct {
	addr string
	pid  atomic.Int64
}

func startProcess(t *testing.T, pid int64) *process {
	t.Helper()
	p := &process{}
	p.pid.Store(pid)
	p.addr = testkit.Serve(t, p.serve)
	return p
}

// serve answers one question.
func (p *process) serve(c net.Conn) {
	if line, err := bufio.NewReader(c).ReadString('\n'); err == nil && line == "stats\r\n" {
		_, _ = fmt.Fprintf(c, "STAT pid %d\r\nSTAT uptime 5\r\nSTAT time 1005\r\nEND\r\n", p.pid.Load())
	}
}

// A source with an identity is listed only as long as a server with this identity answers.
func TestOnlyTheServerItselfIsListed(t *testing.T) {
	server := startProcess(t, 1000)
	at := loop.Endpoint{Addr: netip.MustParseAddrPort(server.addr)}
	s := Source{
		Find: func(context.Context) ([]loop.Endpoint, error) { return []loop.Endpoint{at}, nil },
		Only: failover.Identity{PID: 1000, Start: 1000},
	}
	c, err := s.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	server.pid.Store(2000)
	if c, err := s.dial(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "another server answers there now: 2000@1000 instead of 1000@1000") {
		t.Errorf("got %v, %v", c, err)
	}
}
