package redis

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// program starts a client as a program, with a mode behind its other arguments.
type program struct {
	argv  func(t *testing.T, addr string) []string
	steps string // what it prints after a session
}

// programs are clients in their defaults; rueidis is without its cache, which needs CLIENT TRACKING.
var programs = map[string]program{
	"node-redis": {node("redis", "noderedis.js"), "35 steps\n"},
	"ioredis":    {node("ioredis", "ioredis.js"), "34 steps\n"},
	"go-redis":   {goClient("goredis"), "34 steps\n"},
	"rueidis":    {goClient("rueidis"), "34 steps\n"},
	"redigo":     {goClient("redigo"), "34 steps\n"},
}

// node is a client of Node.js.
func node(name, script string) func(t *testing.T, addr string) []string {
	return func(t *testing.T, addr string) []string {
		host, port := hostPort(t, addr)
		return []string{"node", filepath.Join("scripts", script), harness.NodeModules(t, name), host, port}
	}
}

// goClient is one of the module in clients.
func goClient(name string) func(t *testing.T, addr string) []string {
	return func(t *testing.T, addr string) []string {
		return []string{harness.Module(t, "clients"), name, addr}
	}
}

// TestClients runs a session of each client, and then kills and restarts the only server while the client writes: it
// hears errors, and is served again on the same connections.
func TestClients(t *testing.T) {
	t.Parallel()
	for name, p := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := startServers(t, 3)
			argv := p.argv(t, startPool(t, servers, calm).Addr)
			if out := run(t, "", argv[0], append(argv[1:], "session")...); out != p.steps {
				t.Fatalf("it says\n%s", out)
			}
			server := testkit.StartRedis(t)
			proxy := startPool(t, []*testkit.Redis{server}, unprobed...).Addr
			argv[len(argv)-1] = proxy
			if host, port := hostPort(t, proxy); argv[0] == "node" {
				argv = append(argv[:len(argv)-2], host, port)
			}
			restartUnder(t, server, argv)
		})
	}
}

// restartUnder kills and restarts a server under a client, and logs how long after its return the client is served.
func restartUnder(t *testing.T, server *testkit.Redis, argv []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], append(argv[1:], "outage")...)
	in, err := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	states := make(chan string, 1000)
	go func() {
		defer close(states)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			states <- lines.Text()
		}
	}()
	await := func(want string) (at int64) {
		t.Helper()
		line, millis, _ := strings.Cut(testkit.Await(t, "the client is "+want, states), " ")
		if at, _ = strconv.ParseInt(millis, 10, 64); line != want {
			t.Fatalf("it is %q, want %q", line, want)
		}
		return at
	}
	await("up")
	server.Kill()
	await("down")
	server.Restart()
	back := time.Now().UnixMilli()
	t.Logf("served %d ms after the server is known to be back", await("up")-back)
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	for range states { // until it ends
	}
	if err := cmd.Wait(); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// TestCacheOfRueidis checks that rueidis says how to use it here: its cache needs CLIENT TRACKING.
func TestCacheOfRueidis(t *testing.T) {
	t.Parallel()
	argv := goClient("rueidis-cached")(t, startPool(t, startServers(t, 1), calm).Addr)
	out, err := exec.CommandContext(t.Context(), argv[0], append(argv[1:], "session")...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "switch client-side caching off") ||
		!strings.Contains(string(out), "DisableCache must be true") {
		t.Errorf("%v: %s", err, out)
	}
}
