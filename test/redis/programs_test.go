package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// programTime is how long a program may take: longer than those of scripts wait for anything, so that these say what
// they have waited for.
const programTime = 5 * time.Minute

// run runs a program with a text as its input, and waits for its end.
func run(t *testing.T, input, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), programTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is not installed: run `make deps`", name)
	}
	if err != nil {
		t.Errorf("%s %q: %v\n%s", name, args, err, &out)
	}
	return out.String()
}

func hostPort(t *testing.T, addr string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// TestPython runs a session with redis-py.
func TestPython(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3" // the one that Debian's packages are for
	if out := run(t, "", python, "-c", "import redis"); t.Failed() {
		t.Fatalf("python3-redis is not installed: run `make deps`:\n%s", out)
	}
	host, port := hostPort(t, startPool(t, startServers(t, 3), calm).Addr)
	if out := run(t, "", python, "-B", "scripts/session.py", host, port); !strings.HasSuffix(out, "43 steps\n") {
		t.Errorf("it says\n%s", out)
	}
}

// TestCLI runs redis-cli: with typed commands, in scripts, and in the modes that inspect a whole server.
func TestCLI(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3, "--requirepass", "secret")
	host, port := hostPort(t, startPool(t, servers, calm, "redis_auth: secret").Addr)
	cli := func(input string, args ...string) string {
		t.Helper()
		args = append([]string{"-h", host, "-p", port, "-a", "secret", "--no-auth-warning"}, args...)
		return run(t, input, "redis-cli", args...)
	}
	want := "OK\n2\n2\n\nERR unknown command 'bogus', with args beginning with: \n\nOK\n2\n"
	if out := cli("set a 1\nincr a\nmget a none\nbogus\nselect 0\nget a\n"); out != want {
		t.Errorf("typed: %q", out)
	}
	if out := cli("", "-n", "0", "get", "a"); out != "2\n" {
		t.Errorf("-n 0: %q", out)
	}
	if out := run(t, "", "redis-cli", "-h", host, "-p", port, "get",
		"a"); out != "NOAUTH Authentication required.\n\n" {
		t.Errorf("without a password: %q", out)
	}

	var mass strings.Builder // mass insertion ends with an ECHO that has to come last
	for i := range 5000 {
		mass.WriteString(command("SET", fmt.Sprint("mass", i), strings.Repeat("x", i%100)))
	}
	if out := cli(mass.String(), "--pipe"); !strings.HasSuffix(out, "errors: 0, replies: 5000\n") {
		t.Errorf("--pipe: %q", out)
	}
	if out := cli("", "--scan", "--pattern", "mass*"); strings.Count(out, "\n") != 5000 {
		t.Errorf("--scan finds %d keys of 5000", strings.Count(out, "\n"))
	}
	if out := cli("", "--bigkeys"); !strings.Contains(out, "Sampled 5001 keys in the keyspace!") ||
		!strings.Contains(out, "has 99 bytes") {
		t.Errorf("--bigkeys:\n%s", out)
	}
	if out := cli("", "--memkeys"); !strings.Contains(out, "Sampled 5001 keys in the keyspace!") {
		t.Errorf("--memkeys:\n%s", out)
	}
	if out := cli("", "info", "server"); !strings.Contains(out, "redis_version:") {
		t.Errorf("info: %q", out)
	}
	if out := cli("", "eval", "return KEYS[1]", "1", "k"); out != "k\n" {
		t.Errorf("eval: %q", out)
	}
	if out := cli("multi\nset {t}a 1\nincr {t}a\nexec\n"); out != "OK\nQUEUED\nQUEUED\nOK\n2\n" {
		t.Errorf("a transaction: %q", out)
	}
}

// TestInteractiveCLI runs redis-cli on a terminal, where it first sends COMMAND DOCS to complete what is typed.
func TestInteractiveCLI(t *testing.T) {
	t.Parallel()
	host, port := hostPort(t, startPool(t, startServers(t, 3), calm).Addr)
	out := run(t, "set k v\nget k\nhelp get\nquit\n", "env", "TERM=dumb", "script", "-qec", "redis-cli -h "+host+
		" -p "+port, "/dev/null")
	if !strings.Contains(out, `"v"`) || strings.Contains(out, "rror") {
		t.Errorf("it says\n%q", out)
	}
}

// TestBenchmark runs redis-benchmark, which ends at the first error.
func TestBenchmark(t *testing.T) {
	t.Parallel()
	host, port := hostPort(t, startPool(t, startServers(t, 3), calm).Addr)
	const tests = "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset"
	for _, depth := range []string{"1", "16"} {
		out := run(t, "", "redis-benchmark", "-h", host, "-p", port, "-t", tests, "-n", "500", "-r", "1000", "-P",
			depth, "--csv")
		for _, name := range []string{
			"SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP",
			"ZADD", "ZPOPMIN", "LRANGE_600", "MSET",
		} {
			if !strings.Contains(out, `"`+name) {
				t.Errorf("-P %s: nothing of %s:\n%s", depth, name, out)
			}
		}
		if strings.Contains(out, "rror") {
			t.Errorf("-P %s:\n%s", depth, out)
		}
	}
}
