package redis

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// patience is how long a test waits for a reply that comes at once on an idle machine. It is longer than the timeout
// of a calm pool, whose error says more.
const patience = testkit.Patience

func startServers(t *testing.T, n int, args ...string) (servers []*testkit.Redis) {
	t.Helper()
	for range n {
		servers = append(servers, testkit.StartRedis(t, args...))
	}
	return servers
}

// pool returns a pool in front of servers, as it stands in a file. Each option is a line of it.
func pool(listen string, servers []*testkit.Redis, options ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "pool%s:\n  listen: %s\n  redis: true\n  hash: md5\n  hash_tag: \"{}\"\n  distribution: ketama\n",
		listen[strings.LastIndexByte(listen, ':')+1:], listen)
	for _, option := range options {
		b.WriteString("  " + option + "\n")
	}
	b.WriteString("  servers:\n")
	for i, s := range servers {
		fmt.Fprintf(&b, "   - %s:1 server%d\n", s.Addr, i)
	}
	return b.String()
}

// calm has the settings for pools whose servers are all well: timeouts are long, so that a loaded machine does no
// harm.
const calm = "timeout: 20000"

// startPool runs a magent with one pool, and waits until it is connected to all servers.
func startPool(t *testing.T, servers []*testkit.Redis, options ...string) *harness.Magent {
	t.Helper()
	return startFile(t,
		testkit.TempFile(t, "pools.yml", pool(testkit.DeadAddr(t), servers, append(options, "preconnect: true")...)))
}

// startDraining is startPool with a minute, instead of five seconds, for what is under way at the end of the proxy.
func startDraining(t *testing.T, servers []*testkit.Redis, options ...string) *harness.Magent {
	t.Helper()
	path := testkit.TempFile(t, "pools.yml", pool(testkit.DeadAddr(t), servers, options...))
	return startFile(t, path, "--drain-timeout", "1m")
}

// startOne is startPool with one event loop, for what each loop has of its own.
func startOne(t *testing.T, servers []*testkit.Redis, options ...string) *harness.Magent {
	t.Helper()
	path := testkit.TempFile(t, "pools.yml", pool(testkit.DeadAddr(t), servers, options...))
	return startFile(t, path, "--threads", "1")
}

// startFile runs a magent with a file of pools, and further arguments. It gives connections time, so that a loaded
// machine does no harm.
func startFile(t *testing.T, path string, args ...string) *harness.Magent {
	t.Helper()
	return harness.StartMagent(t, append([]string{"-c", path, "--connect-timeout", "20s"}, args...)...)
}

// startAsking is startFile for pools whose replicas or Sentinels hang in between: so long they are waited for.
func startAsking(t *testing.T, path string, args ...string) *harness.Magent {
	t.Helper()
	return harness.StartMagent(t, append([]string{"-c", path, "--connect-timeout", "3s"}, args...)...)
}

// awaitLog waits until the log has a text. What has happened is written there by another thread, a little later.
func awaitLog(t *testing.T, proxy *harness.Magent, text string) {
	t.Helper()
	testkit.Until(t, "the log has "+text, func() bool { return strings.Contains(proxy.Log(), text) })
}

// holder returns the index of the server that has a key, or -1.
func holder(t *testing.T, servers []*testkit.Redis, key string) int {
	t.Helper()
	for i, s := range servers {
		if s.Exited() {
			continue
		}
		c := dial(t, s.Addr)
		defer c.Close()
		if c.do("EXISTS", key) == ":1\r\n" {
			return i
		}
	}
	return -1
}

// keysOf finds n keys for each server, by storing them through the proxy. They stay there, with the value "old".
func keysOf(t *testing.T, proxy string, servers []*testkit.Redis, n int) [][]string {
	t.Helper()
	c := dial(t, proxy)
	defer c.Close()
	keys := make([][]string, len(servers))
	for i, found := 0, 0; found < n*len(servers); i++ {
		key := fmt.Sprint("key", i)
		c.want("+OK\r\n", "SET", key, "old")
		at := holder(t, servers, key)
		if at < 0 || len(keys[at]) == n {
			c.want(":1\r\n", "DEL", key)
			continue
		}
		keys[at] = append(keys[at], key)
		found++
	}
	return keys
}
