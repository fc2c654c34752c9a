package harness

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Redis is a real Redis server, or a Sentinel, on a port of its own.
type Redis struct {
	*Process
	Addr string // 127.0.0.1:port

	port int
	argv []string
}

// StartRedis runs a Redis server that stores nothing on disk, and waits until it answers. args are further options of
// its command line, such as "--requirepass", "secret".
func StartRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	r := newRedis(tb)
	r.argv = append([]string{
		"redis-server", "--port", strconv.Itoa(r.port), "--bind", "127.0.0.1", "--dir", tb.TempDir(),
		"--save", "", "--repl-diskless-sync-delay", "0",
	}, args...)
	r.start(tb)
	return r
}

// StartReplica runs a replica of a server, and waits until it has the server's data.
func StartReplica(tb testing.TB, of *Redis, args ...string) *Redis {
	tb.Helper()
	r := StartRedis(tb, append([]string{"--replicaof", "127.0.0.1", strconv.Itoa(of.port)}, args...)...)
	of.Await("INFO replication", "state=online")
	return r
}

// StartSentinels runs n Sentinels that watch a master with the given number of replicas, under a name. A majority of
// them replaces the master on command, or after LoseMaster when it is down. StartSentinels returns when all Sentinels
// know the replicas and each other.
func StartSentinels(tb testing.TB, n int, name string, master *Redis, replicas int) []*Redis {
	tb.Helper()
	var all []*Redis
	for range n {
		r := newRedis(tb)
		dir := tb.TempDir()
		file := filepath.Join(dir, "sentinel.conf")
		text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\n", r.port, dir) +
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d\n", name, master.port, n/2+1) +
			fmt.Sprintf("sentinel down-after-milliseconds %s 3600000\nsentinel failover-timeout %[1]s 3000\n", name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		r.argv = []string{"redis-server", file, "--sentinel"}
		r.start(tb)
		all = append(all, r)
	}
	for _, r := range all {
		r.Await("INFO sentinel", fmt.Sprintf("slaves=%d,sentinels=%d", replicas, n))
	}
	return all
}

// LoseMaster makes the Sentinels replace a master that has not answered for one second. With a shorter time they would
// replace a healthy master on a busy machine.
func LoseMaster(sentinels []*Redis, name string) {
	for _, r := range sentinels {
		r.Await("SENTINEL SET "+name+" down-after-milliseconds 1000", "+OK")
	}
}

// SentinelServer returns the address of a master as it stands in a file of pools.
func SentinelServer(sentinels []*Redis, name string) string {
	var addrs []string
	for _, r := range sentinels {
		addrs = append(addrs, r.Addr)
	}
	return "sentinel://" + strings.Join(addrs, ",") + "/" + name
}

func newRedis(tb testing.TB) *Redis {
	tb.Helper()
	port := reservePort(tb)
	return &Redis{port: port, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
}

// Restart kills the server and starts it again on the same port, empty. A Sentinel keeps what it knows.
func (r *Redis) Restart() {
	r.tb.Helper()
	r.Kill()
	r.start(r.tb)
}

func (r *Redis) start(tb testing.TB) {
	tb.Helper()
	r.Process = Start(tb, "redis "+r.Addr, r.argv...)
	Eventually(tb, r.Name+" answers", func() error {
		if r.Exited() {
			tb.Fatalf("%s ended with code %d:\n%s", r.Name, r.ExitCode(), r.Log())
		}
		reply, err := r.Do("PING")
		if err == nil && reply != "+PONG" && !strings.HasPrefix(reply, "-NOAUTH") &&
			!strings.HasPrefix(reply, "-MASTERDOWN") {
			err = fmt.Errorf("reply %q to PING", reply)
		}
		return err
	})
}

// Do sends a command, whose words contain no spaces. It returns the reply: a line without its end, or a bulk string.
func (r *Redis) Do(command string) (string, error) {
	c, err := Open(r.Addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	line, err := c.Try(command + "\r\n")
	line = strings.TrimRight(line, "\r\n")
	size, bulk := strings.CutPrefix(line, "$")
	if n, _ := strconv.Atoi(size); err == nil && bulk && n > 0 {
		return c.tryRead(n)
	}
	return line, err
}

// Await repeats a command until its reply contains text.
func (r *Redis) Await(command, text string) {
	r.tb.Helper()
	Eventually(r.tb, r.Name+" answers "+command+" with "+text, func() error {
		reply, err := r.Do(command)
		if err == nil && !strings.Contains(reply, text) {
			err = fmt.Errorf("reply %q", reply)
		}
		return err
	})
}
