// Package pools runs magent with files of pools (-c) in front of real memcacheds, beside a real twemproxy.
package pools

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// patience is how long a program may take that has very little to do, on a loaded machine.
const patience = 60 * time.Second

// lines returns the servers of a pool as lines of a file, each with a text after its address.
func lines(servers []*harness.Memcached, rest ...string) string {
	var b strings.Builder
	for i, s := range servers {
		b.WriteString("   - " + s.Addr + rest[i%len(rest)] + "\n")
	}
	return b.String()
}

func memcacheds(t *testing.T, n int) (servers []*harness.Memcached) {
	t.Helper()
	for range n {
		servers = append(servers, harness.StartMemcached(t))
	}
	return servers
}

// run runs magent to its end.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Binary(t), args...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	_ = cmd.Run() // the exit code says it all
	return cmd.ProcessState.ExitCode(), out.String(), err.String()
}

// holds reports whether a server has a key.
func holds(t *testing.T, server *harness.Memcached, key string) bool {
	t.Helper()
	c := harness.Dial(t, server.Addr)
	defer c.Close()
	return c.Do("get "+key+"\r\n") != "END\r\n"
}
