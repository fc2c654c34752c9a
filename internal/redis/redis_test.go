package redis

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) {
	Silence()
	testkit.Main(m)
}

func plain(ctx context.Context, dialer *net.Dialer, network, address string, _ time.Duration) (net.Conn, error) {
	return dialer.DialContext(ctx, network, address)
}

const noHello = "-ERR unknown command `HELLO`\r\n" // before Redis 6

// fake answers every command with the same line, except for the first one of a connection, which is HELLO.
func fake(t *testing.T, hello, answer string) string {
	return testkit.Serve(t, func(c net.Conn) {
		say := hello
		for r := bufio.NewReader(c); readCommand(r) == nil; say = answer {
			_, _ = io.WriteString(c, say)
		}
	})
}

// readCommand reads an array of bulk strings.
func readCommand(r *bufio.Reader) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	for range 2 * n {
		if _, err := r.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

func ping(t *testing.T, address, password string) string {
	t.Helper()
	if err := Ping(t.Context(), plain, "tcp", address, password, testkit.Patience); err != nil {
		return err.Error()
	}
	return ""
}

func TestPing(t *testing.T) {
	open := testkit.StartRedis(t)
	locked := testkit.StartRedis(t, "--requirepass", "secret")
	for what, c := range map[string]struct{ address, password, want string }{
		"no password":       {open.Addr, "", ""},
		"an idle password":  {open.Addr, "any", ""}, // Redis accepts any password from a user who needs none
		"the password":      {locked.Addr, "secret", ""},
		"another password":  {locked.Addr, "wrong", "WRONGPASS"},
		"password not said": {locked.Addr, "", "NOAUTH"},
		"loading":           {fake(t, noHello, "-LOADING Redis is loading the dataset in memory\r\n"), "", "LOADING"},
		"no master":         {fake(t, noHello, "-MASTERDOWN Link with MASTER is down\r\n"), "", "MASTERDOWN"},
		"Redis 5":           {fake(t, noHello, "+PONG\r\n"), "", ""},
		"another answer":    {fake(t, noHello, "+OK\r\n"), "", "OK"},
		"a memcached":       {fake(t, "ERROR\r\n", "ERROR\r\n"), "", "ERROR"},
		"nobody":            {testkit.DeadAddr(t), "", "connection refused"},
	} {
		if got := ping(t, c.address, c.password); got == "" != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestPingRealStates: a server that has lost its master and would answer with old data is not ready, nor is one
// that is loading its data.
func TestPingRealStates(t *testing.T) {
	s := testkit.StartRedis(t, "--replica-serve-stale-data", "no", "--enable-debug-command", "yes")
	if got := ping(t, s.Addr, ""); got != "" {
		t.Errorf("up: %s", got)
	}
	host, port, _ := net.SplitHostPort(testkit.DeadAddr(t))
	s.Await("REPLICAOF "+host+" "+port, "+OK")
	if got := ping(t, s.Addr, ""); !strings.Contains(got, "MASTERDOWN") {
		t.Errorf("without its master: %q", got)
	}
	s.Await("REPLICAOF NO ONE", "+OK")
	s.Await("DEBUG POPULATE 300000", "+OK")
	s.Await("CONFIG SET key-load-delay 50 loading-process-events-interval-bytes 1024", "+OK")
	loading := make(chan error, 1)
	go func() {
		_, err := s.Do("DEBUG RELOAD")
		loading <- err
	}()
	testkit.Eventually(t, "it is loading", func() error {
		if got := ping(t, s.Addr, ""); !strings.Contains(got, "LOADING") {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
	s.Await("CONFIG SET key-load-delay 0", "+OK")
	if err := <-loading; err != nil {
		t.Error(err)
	}
	if got := ping(t, s.Addr, ""); got != "" {
		t.Errorf("up again: %s", got)
	}
}

func TestPingUnixSocket(t *testing.T) {
	path := testkit.SocketPath(t)
	testkit.StartRedis(t, "--unixsocket", path)
	if err := Ping(t.Context(), plain, "unix", path, "", testkit.Patience); err != nil {
		t.Error(err)
	}
}

// TestPingHangs: a silent server costs the timeout and no more, and nothing once the context is done.
func TestPingHangs(t *testing.T) {
	s := testkit.StartRedis(t)
	s.Pause()
	if err := Ping(t.Context(), plain, "tcp", s.Addr, "", 50*time.Millisecond); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
	if err := Ping(ctx, plain, "tcp", s.Addr, "", time.Hour); err == nil {
		t.Error("no error")
	}
}

func TestMaster(t *testing.T) {
	master := testkit.StartRedis(t)
	testkit.StartReplica(t, master)
	sentinel := testkit.StartSentinels(t, 1, "mymaster", master, 1)[0]
	host, port, err := Master(t.Context(), plain, sentinel.Addr, "mymaster", testkit.Patience)
	if host != "127.0.0.1" || port != master.Port || err != nil {
		t.Errorf("%s:%d, %v; want %s", host, port, err, master.Addr)
	}
	for what, c := range map[string]struct{ address, name, want string }{
		"another name": {sentinel.Addr, "yours", `knows no master "yours"`},
		"no sentinel":  {master.Addr, "mymaster", "unknown command"},
		"nobody":       {testkit.DeadAddr(t), "mymaster", "connection refused"},
		"odd":          {fake(t, noHello, "*1\r\n$1\r\na\r\n"), "mymaster", "answered"},
	} {
		if _, _, err := Master(t.Context(), plain, c.address, c.name, testkit.Patience); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// listen listens until the test is over or the connection is lost, and passes on what it gets.
func listen(t *testing.T, sentinel string, quiet time.Duration) (subscribed chan bool, switched chan Switch,
	ended chan error,
) {
	subscribed, switched, ended = make(chan bool, 10), make(chan Switch, 10), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		ended <- Listen(ctx, plain, sentinel, testkit.Patience, quiet, func() { subscribed <- true }, func(s Switch) {
			switched <- s
		})
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		for range ended {
		}
	})
	return subscribed, switched, ended
}

func TestListen(t *testing.T) {
	master := testkit.StartRedis(t)
	replica := testkit.StartReplica(t, master)
	sentinel := testkit.StartSentinels(t, 1, "mymaster", master, 1)[0]
	subscribed, switched, _ := listen(t, sentinel.Addr, testkit.Patience)
	testkit.Await(t, "subscribed", subscribed)
	testkit.Failover(sentinel, "mymaster")
	got := testkit.Await(t, "switched", switched)
	if want := (Switch{Name: "mymaster", Host: "127.0.0.1", Port: replica.Port}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestListenToSilence: a silent server is asked again and again whether it is alive. If it stays
// silent, Listen returns.
func TestListenToSilence(t *testing.T) {
	t.Parallel()
	sentinel := testkit.StartRedis(t) // any server can be listened to
	const quiet = 3 * time.Second     // longer than a busy machine keeps it from answering
	subscribed, _, ended := listen(t, sentinel.Addr, quiet)
	testkit.Await(t, "subscribed", subscribed)
	sentinel.Await("CONFIG RESETSTAT", "+OK")
	testkit.Eventually(t, "three questions", func() error {
		said, err := sentinel.Do("INFO commandstats")
		_, count, _ := strings.Cut(said, "cmdstat_ping:calls=")
		count, _, _ = strings.Cut(count, ",")
		if n, _ := strconv.Atoi(count); err == nil && n < 3 {
			err = fmt.Errorf("%d so far", n)
		}
		return err
	})
	sentinel.Pause()
	if err := testkit.Await(t, "ended", ended); err == nil {
		t.Error("no error")
	}
}

func TestListenEnds(t *testing.T) {
	for what, address := range map[string]string{
		"nobody": testkit.DeadAddr(t), "no Redis": fake(t, "ERROR\r\n", "ERROR\r\n"),
		"no login": fake(t, noHello, "-NOAUTH Authentication required.\r\n"),
	} {
		_, _, ended := listen(t, address, testkit.Patience)
		if err := testkit.Await(t, "ended", ended); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	sentinel := testkit.StartRedis(t) // any server can be listened to
	subscribed, _, ended := listen(t, sentinel.Addr, testkit.Patience)
	testkit.Await(t, "subscribed", subscribed)
	sentinel.Kill()
	if err := testkit.Await(t, "ended", ended); err == nil {
		t.Error("killed: no error")
	}
}

func TestParseSwitch(t *testing.T) {
	got, err := parseSwitch("m-1 10.0.0.1 6379 redis-2.example.net 6380")
	if want := (Switch{"m-1", "redis-2.example.net", 6380}); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{
		"", "m 10.0.0.1 6379 10.0.0.2", "m 10.0.0.1 6379 10.0.0.2 x", "m 1 2 3 4 5",
		"m a 1 b 65536", "m a 1 b -1",
	} {
		if got, err := parseSwitch(text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
