package testkit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Redis is a real Redis server, or a Sentinel, on a port of its own.
type Redis struct {
	*Process
	Addr string // 127.0.0.1:port
	Port int

	tb   testing.TB
	argv []string
}

// StartRedis runs a Redis server that keeps nothing on disk, and waits until it answers. args are options as on its
// command line, such as "--requirepass", "secret".
func StartRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	r := newRedis(tb)
	r.argv = append([]string{
		"redis-server", "--port", strconv.Itoa(r.Port), "--bind", "127.0.0.1", "--dir", tb.TempDir(),
		"--save", "", "--repl-diskless-sync-delay", "0",
	}, args...)
	r.start()
	return r
}

// StartReplica runs a replica of a server, and waits until it has the server's data.
func StartReplica(tb testing.TB, of *Redis, args ...string) *Redis {
	tb.Helper()
	r := StartRedis(tb, append([]string{"--replicaof", "127.0.0.1", strconv.Itoa(of.Port)}, args...)...)
	of.Await("INFO replication", "state=online")
	return r
}

// StartSentinels runs so many Sentinels, which watch a master, with so many replicas, under that name. A majority of
// them replaces it on command, or some time after LoseMaster. When it returns they know the replicas, and each other.
func StartSentinels(tb testing.TB, n int, name string, master *Redis, replicas int) []*Redis {
	tb.Helper()
	var all []*Redis
	for range n {
		all = append(all, StartSentinel(tb, fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d\n"+
			"sentinel down-after-milliseconds %[1]s 3600000\nsentinel failover-timeout %[1]s 3000\n", name,
			master.Port, n/2+1)))
	}
	for _, r := range all {
		r.Await("INFO sentinel", fmt.Sprintf("slaves=%d,sentinels=%d", replicas, n))
	}
	return all
}

// StartSentinel runs a Sentinel with these lines in its file.
func StartSentinel(tb testing.TB, lines string) *Redis {
	tb.Helper()
	r := newRedis(tb)
	dir := tb.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\n%s", r.Port, dir, lines)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	r.argv = []string{"redis-server", file, "--sentinel"}
	r.start()
	return r
}

// LoseMaster has the Sentinels wait no longer than a second for a master that says nothing. If they waited less, they
// would replace one that is well on a machine that is busy.
func LoseMaster(sentinels []*Redis, name string) {
	for _, r := range sentinels {
		r.Await("SENTINEL SET "+name+" down-after-milliseconds 1000", "+OK")
	}
}

// Failover has a Sentinel replace a master that is well, and waits until it has. It is told so again after some time,
// because a Sentinel that stood still for longer than the timeout of StartSentinels has given it up.
func Failover(sentinel *Redis, name string) {
	sentinel.tb.Helper()
	before := sentinel.masterOf(name)
	sentinel.Await("SENTINEL FAILOVER "+name, "+OK")
	told := time.Now()
	Until(sentinel.tb, sentinel.Name+" replaces the master "+name, func() bool {
		if time.Since(told) > 10*time.Second {
			_, _ = sentinel.Do("SENTINEL FAILOVER " + name)
			told = time.Now()
		}
		return sentinel.masterOf(name) != before
	})
}

// masterOf returns where a Sentinel has a master.
func (r *Redis) masterOf(name string) (addr string) {
	r.tb.Helper()
	Eventually(r.tb, r.Name+" knows the master "+name, func() error {
		known, err := r.Do("INFO sentinel")
		_, line, found := strings.Cut(known, "name="+name+",")
		if addr, _, _ = strings.Cut(line, ",slaves="); err == nil && !found {
			err = errors.New(known)
		}
		_, addr, _ = strings.Cut(addr, "address=")
		return err
	})
	return addr
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
	port := ReservePort(tb)
	return &Redis{tb: tb, Port: port, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
}

// Restart runs it again, empty, on the same port. A Sentinel knows what it knew.
func (r *Redis) Restart() {
	r.tb.Helper()
	r.Kill()
	r.start()
}

// start waits until it answers. One that wants a password, or has lost its master, is there.
func (r *Redis) start() {
	r.tb.Helper()
	r.Process = Start(r.tb, "redis "+r.Addr, r.argv...)
	Eventually(r.tb, r.Name+" answers", func() error {
		if r.Exited() {
			r.tb.Fatalf("%s ended with code %d:\n%s", r.Name, r.ExitCode(), r.Log())
		}
		reply, err := r.Do("PING")
		word, _, _ := strings.Cut(reply, " ")
		if err == nil && !slices.Contains([]string{"+PONG", "-NOAUTH", "-MASTERDOWN"}, word) {
			err = fmt.Errorf("reply %q to PING", reply)
		}
		return err
	})
}

// Do says a command, whose words hold no blanks, on a connection of its own. It returns the first line of the reply
// without its end, or the text of a bulk string.
func (r *Redis) Do(command string) (reply string, err error) {
	c, err := net.DialTimeout("tcp", r.Addr, Patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_, err = fmt.Fprintf(c, "%s\r\n", command)
	if err = errors.Join(err, c.SetDeadline(time.Now().Add(Patience))); err != nil {
		return "", err
	}
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	size, bulk := strings.CutPrefix(line, "$")
	if n, _ := strconv.Atoi(size); err == nil && bulk && n > 0 {
		text := make([]byte, n)
		_, err = io.ReadFull(in, text)
		return string(text), err
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
