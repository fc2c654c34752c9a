package health

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// errAccepts is the error while a proxy still accepts connections.
var errAccepts = errors.New("it still accepts")

// check runs magent health. It expects an exit code, and a text in the one line of output. If the arguments do not say
// for how long to wait, it is long.
func check(t *testing.T, code int, text string, args ...string) {
	t.Helper()
	if code < 2 && !slices.Contains(args, "--within") {
		args = append(args, "--within", "30s")
	}
	got, stdout, stderr := harness.Run(t, append([]string{harness.Binary(t), "health"}, args...)...)
	line := stdout
	if code != 0 {
		line = stderr
		if stdout != "" {
			t.Errorf("health %v: %q on stdout", args, stdout)
		}
	}
	if got != code || !strings.Contains(line, text) || strings.Count(line, "\n") != 1 {
		t.Errorf("health %v: exit code %d, %q; want %d and one line with %q", args, got, line, code, text)
	}
}

func TestWell(t *testing.T) {
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "-b", harness.StartMemcached(t).Addr)
	check(t, 0, proxy.Addr+" serves, in ", proxy.Addr)

	path := filepath.Join(t.TempDir(), "socket")
	harness.StartMagent(t, "-p", "0", "-f", path, "-s", harness.StartMemcached(t).Addr)
	check(t, 0, path+" serves, in ", path)
}

// TestServersGone checks that a proxy is healthy as long as it can serve some keys.
func TestServersGone(t *testing.T) {
	one, two, backup := harness.StartMemcached(t), harness.StartMemcached(t), harness.StartMemcached(t)
	pair := harness.StartMagent(t, "-s", one.Addr, "-b", backup.Addr)
	alone := harness.StartMagent(t, "-s", one.Addr, "-s", two.Addr)
	one.Kill()
	check(t, 0, pair.Addr+" serves, in ", pair.Addr)
	check(t, 0, "keys cannot be had: SERVER_ERROR", alone.Addr)
	two.Kill()
	backup.Kill()
	for _, proxy := range []*harness.Magent{pair, alone} {
		check(t, 1, "none of 1040 keys can be had: SERVER_ERROR", proxy.Addr)
	}
}

// TestOneServerOfMany checks that a proxy is healthy if only one of fifty servers is up.
func TestOneServerOfMany(t *testing.T) {
	args := []string{"-s", harness.StartMemcached(t).Addr}
	for range 49 {
		args = append(args, "-s", testkit.DeadAddr(t))
	}
	proxy := harness.StartMagent(t, args...)
	for range 5 {
		check(t, 0, "keys cannot be had: SERVER_ERROR", proxy.Addr)
	}
}

func TestUnwell(t *testing.T) {
	server := harness.StartMemcached(t)
	check(t, 1, "connection refused", testkit.DeadAddr(t))
	check(t, 1, "no answer in time", testkit.BlackHole(t), "--within", "50ms")
	check(t, 1, "no such file", "/nowhere/at/all")

	hung := harness.StartMagent(t, "-s", server.Addr)
	hung.Pause()
	check(t, 1, "no answer in time", hung.Addr, "--within", "100ms")
	hung.Resume()

	full := harness.StartMagent(t, "-s", server.Addr, "-n", "1")
	var only *harness.Client
	// The connection that checked whether magent listens may not be closed yet.
	testkit.Eventually(t, "there is room for one", func() (err error) {
		if only, err = harness.Open(full.Addr); err != nil {
			return err
		}
		reply, err := only.Try("mn\r\n")
		if err == nil && reply != "MN\r\n" {
			err = errors.New(reply)
		}
		if err != nil {
			only.Close()
		}
		return err
	})
	defer only.Close()
	check(t, 1, "Too many open connections", full.Addr)
}

// TestDraining checks that a proxy which drains is not healthy, although it still answers its clients.
func TestDraining(t *testing.T) {
	server := harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", server.Addr, "--drain-timeout", testkit.Patience.String())
	busy := harness.Dial(t, proxy.Addr)
	busy.Want("mn\r\n", "MN\r\n")
	server.Pause()
	busy.Send("get a\r\n")
	check(t, 1, "no answer in time", proxy.Addr, "--within", "100ms")
	proxy.Terminate()
	testkit.Eventually(t, "it refuses", func() error {
		c, err := harness.Open(proxy.Addr)
		if err == nil {
			c.Close()
		}
		if err == nil {
			return errAccepts
		}
		return nil
	})
	check(t, 1, "connection refused", proxy.Addr)
	server.Resume()
	if got := busy.AwaitEOF(); got != "END\r\n" {
		t.Errorf("the request in flight got %q", got)
	}
}

// TestCutOff checks that one reachable peer is enough, even if it refuses the connection.
func TestCutOff(t *testing.T) {
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	away, refuses := testkit.BlackHole(t), testkit.DeadAddr(t)
	check(t, 0, "serves", proxy.Addr, "--peer", away, "--peer", refuses)
	check(t, 0, "serves", proxy.Addr, "--peer", proxy.Addr)
	check(t, 1, "this machine is cut off: none of "+away, proxy.Addr, "--peer", away, "--within", "100ms")
}

// TestRedis asks a real Redis, with and without a password.
func TestRedis(t *testing.T) {
	for name, args := range map[string][]string{"open": nil, "password": {"--requirepass", "secret"}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "redis")
			testkit.Start(t, "redis",
				append([]string{"redis-server", "--port", "0", "--save", "", "--unixsocket", path}, args...)...)
			testkit.Eventually(t, "redis listens", func() error {
				c, err := harness.Open(path)
				if err == nil {
					c.Close()
				}
				return err
			})
			check(t, 0, "serves", path, "--redis")
			check(t, 1, `it said "-ERR`, path)
		})
	}
	proxy := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	check(t, 1, `it said "ERROR"`, proxy.Addr, "--redis")
}

func TestUsage(t *testing.T) {
	check(t, 2, "unknown flag", "--what")
	check(t, 2, "--within", "127.0.0.1:1", "--within", "soon")
	check(t, 2, "unexpected argument", "--redis", "127.0.0.1:1")
	check(t, 2, "port", "127.0.0.1:what")
}

// TestReadyz checks that health asks for all pools at the admin address, even if these accept no more clients.
func TestReadyz(t *testing.T) {
	server := harness.StartMemcached(t)
	path := filepath.Join(t.TempDir(), "admin.sock")
	t.Setenv("MAGENT_ADMIN", path+",127.0.0.1:0") // is magent's, and does not keep health from asking a pool
	proxy := harness.StartMagent(t, "-s", server.Addr, "-n", "1", "--probe-interval", "100ms")
	check(t, 1, "connection refused", testkit.DeadAddr(t))
	var only *harness.Client
	testkit.Eventually(t, "there is room for one", func() (err error) {
		if only, err = harness.Open(proxy.Addr); err != nil {
			return err
		}
		reply, err := only.Try("get a\r\n")
		if err == nil && reply != "END\r\n" {
			err = errors.New(reply)
		}
		if err != nil {
			only.Close()
		}
		return err
	})
	defer only.Close()
	check(t, 1, "Too many open connections", proxy.Addr)
	check(t, 0, path+" serves, in ", "--readyz", path)
	server.Kill()
	testkit.Eventually(t, "the server is out of use", func() error {
		_, err := only.Try("get a\r\n")
		if code, _, stderr := harness.Run(t, harness.Binary(t), "health", "--readyz", path); code != 1 ||
			!strings.Contains(stderr, path+
				": 503 Service Unavailable: nothing is served; pool magent serves nothing: primary "+server.Addr) {
			return errors.Join(err, errors.New(stderr))
		}
		return nil
	})
	check(t, 2, "--readyz asks for the whole process", proxy.Addr, "--readyz", path)
	check(t, 1, "no such file", "--readyz", path+".none")
}
