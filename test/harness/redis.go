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

// StartRedis runs a Redis server that keeps nothing on disk, and waits until it answers. args are options as on its command
// line, such as "--requirepass", "secret".
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

// StartReplica runs a replica of a server, and waits until it has what that has.
func StartReplica(tb testing.TB, of *Redis, args ...string) *Redis {
	tb.Helper()
	r := StartRedis(tb, append([]string{"--replicaof", "127.0.0.1", strconv.Itoa(of.port)}, args...)...)
	of.Await("INFO replication", "state=online")
	return r
}

// StartSentinels runs so many Sentinels, which watch a master, with so many replicas, under that name. A majority of them replaces it on
// command, or some time after LoseMaster. They know its replicas, and each other, when it returns.
func StartSentinels(tb testing.TB, n int, name string, master *Redis, replicas int) []*Redis {
	tb.Helper()
	var all []*Redis
	for range n {
		r := newRedis(tb)
		dir := tb.TempDir()
		file := filepath.Join(dir, "sentinel.conf")
		text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nsentinel monitor %s 127.0.0.1 %d %d\n", r.port, dir, name, master.port, n/2+1) +
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

// LoseMaster has the Sentinels lose patience with a master that says nothing: one second. Sooner they would replace one that is
// well on a machine that is busy.
func LoseMaster(sentinels []*Redis, name string) {
	for _, r := range sentinels {
		r.Await("SENTINEL SET "+name+" down-after-milliseconds 1000", "+OK")
	}
}

// SentinelServer is the address of a master for a file of pools.
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

// Restart runs it again, empty, on the same port, after Kill. A Sentinel knows what it knew.
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
		if err == nil && reply != "+PONG" && !strings.HasPrefix(reply, "-NOAUTH") && !strings.HasPrefix(reply, "-MASTERDOWN") {
			err = fmt.Errorf("reply %q to PING", reply)
		}
		return err
	})
}

// Do says a command, whose words hold no blanks, and returns the reply: a line without its end, or the text of a bulk string.
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

// Await says a command until its reply has a text in it.
func (r *Redis) Await(command, text string) {
	r.tb.Helper()
	Eventually(r.tb, r.Name+" says "+text+" to "+command, func() error {
		reply, err := r.Do(command)
		if err == nil && !strings.Contains(reply, text) {
			err = fmt.Errorf("reply %q", reply)
		}
		return err
	})
}
