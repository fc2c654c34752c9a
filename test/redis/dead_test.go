package redis

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// quick has the settings for pools whose servers die: they are probed often. The timeout is long, as what is sent to a
// dead server fails at once.
var quick = []string{calm, "server_failure_limit: 2", "server_retry_timeout: 300"}

// hangs replaces calm in pools whose servers hang: requests wait for the timeout, and the second time ejects a server.
// It is longer than a busy machine keeps a server that is well from answering, which may be for seconds.
const hangs = "timeout: 10000"

// outage is a pool of three servers with their own keys. The last server will go down.
type outage struct {
	t       *testing.T
	proxy   *harness.Magent
	servers []*testkit.Redis
	keys    [][]string // by server; all have the value "old"
	away    *testkit.Redis
	c       *conn // one connection for all of it
}

func startOutage(t *testing.T, timeout string) *outage {
	t.Helper()
	servers := startServers(t, 3)
	proxy := startPool(t, servers, append([]string{timeout}, quick[1:]...)...)
	o := &outage{t: t, proxy: proxy, servers: servers, away: servers[2]}
	o.keys = keysOf(t, proxy.Addr, servers, 4)
	o.c = dial(t, proxy.Addr)
	return o
}

// mixed returns a key of each server.
func (o *outage) mixed(name string, values ...string) (args []string) {
	args = []string{name}
	for _, keys := range o.keys {
		args = append(append(args, keys[0]), values...)
	}
	return args
}

// fails sends a command that needs the server that is down.
func (o *outage) fails(args ...string) {
	o.t.Helper()
	if got := o.c.do(args...); !failed(got) || !strings.Contains(got, o.away.Addr) {
		o.t.Errorf("%q: %q does not name %s", args, got, o.away.Addr)
	}
}

// failed reports whether a reply is an error, or EXEC's with an error for its one command.
func failed(reply string) bool {
	return strings.HasPrefix(strings.TrimPrefix(reply, "*1\r\n"), "-ERR ")
}

// known waits until the proxy shows the server in a state.
func (o *outage) known(state string) {
	o.t.Helper()
	awaitState(o.t, o.proxy.Addr, o.away.Addr, state)
}

// awaitState waits until INFO shows a server in a state.
func awaitState(t *testing.T, proxy, server, state string) {
	t.Helper()
	c := dial(t, proxy)
	defer c.Close()
	testkit.Eventually(t, server+" is "+state, func() error {
		if is := stateOf(c, server); is != state {
			return fmt.Errorf("it is %s", is)
		}
		return nil
	})
}

// stateOf returns the state of a server as INFO shows it, which is up only if it is up on all loops.
func stateOf(c *conn, server string) string {
	c.t.Helper()
	_, state, _ := strings.Cut(c.do("INFO", "servers"), "address="+server+",state=")
	state, _, _ = strings.Cut(state, ",")
	return state
}

// unchanged checks that nothing was written on the other servers.
func (o *outage) unchanged() {
	o.t.Helper()
	for i, s := range o.servers {
		if s == o.away {
			continue
		}
		for _, key := range o.keys[i] {
			dial(o.t, s.Addr).want(bulk("old"), "GET", key)
		}
		dial(o.t, s.Addr).want(fmt.Sprintf(":%d\r\n", len(o.keys[i])), "DBSIZE")
	}
}

// othersServe checks that the connection works, and that the other servers can be used.
func (o *outage) othersServe() {
	o.t.Helper()
	for i, s := range o.servers {
		if s == o.away {
			continue
		}
		key := o.keys[i][0]
		o.c.want(bulk("old"), "GET", key)
		o.c.want("*2\r\n"+bulk("old")+bulk("old"), "MGET", key, o.keys[i][1])
		o.c.want("+OK\r\n", "MULTI")
		o.c.want("+QUEUED\r\n", "SET", key, "new")
		o.c.want("+QUEUED\r\n", "GETSET", key, "old")
		o.c.want("*2\r\n+OK\r\n"+bulk("new"), "EXEC")
	}
	o.c.wantPrefix("$", "RANDOMKEY")
	o.c.want("+PONG\r\n", "PING")
}

// TestKnownDead kills one of three servers. When that is known, every command that needs it fails at once with an
// error that names it, and changes nothing on the others. Other commands work, on the same connection.
func TestKnownDead(t *testing.T) {
	t.Parallel()
	o := startOutage(t, calm)
	o.away.Kill()
	o.known("ejected")
	gone := o.keys[2][0]
	o.fails("GET", gone)
	o.fails("SET", gone, "x")
	o.fails(o.mixed("MGET")...)
	o.fails(o.mixed("MSET", "x")...)
	o.fails(o.mixed("DEL")...)
	o.fails(o.mixed("UNLINK")...)
	o.fails(o.mixed("EXISTS")...)
	o.fails(o.mixed("TOUCH")...)
	o.fails("KEYS", "*")
	o.fails("DBSIZE")
	o.fails("FLUSHALL")
	o.fails("FLUSHDB")
	o.fails("SCRIPT", "LOAD", "return 1")
	o.fails("SCAN", "2") // the third server's first cursor
	o.fails("EVAL", "return 1", "1", gone)
	o.c.want("+OK\r\n", "MULTI")
	o.c.want("+QUEUED\r\n", "SET", gone, "x")
	o.fails("EXEC")
	o.unchanged()
	o.othersServe()

	o.away.Restart()
	o.known("up")
	o.c.want("$-1\r\n", "GET", gone)
	o.c.want("*3\r\n"+bulk("old")+bulk("old")+"$-1\r\n", o.mixed("MGET")...)
	o.c.want("+OK\r\n", o.mixed("MSET", "x")...)
	o.c.want(":3\r\n", o.mixed("EXISTS")...)
}

// TestKilledInFlight kills the server while all kinds of commands are in flight. Each request is answered, in order.
func TestKilledInFlight(t *testing.T) {
	t.Parallel()
	o := startOutage(t, calm)
	o.away.Pause()
	live, gone := o.keys[0][0], o.keys[2][0]
	requests := [][]string{
		{"GET", live},
		{"GET", gone},
		o.mixed("MGET"),
		{"KEYS", "*"},
		{"DBSIZE"},
		{"GET", live},
		{"SCAN", "2"},
		{"EVAL", "return 1", "1", gone},
		{"MULTI"},
		{"GET", gone},
		{"EXEC"},
		{"MULTI"},
		{"GET", live},
		{"EXEC"},
		o.mixed("EXISTS"),
		{"SCRIPT", "EXISTS", "x"},
		{"PING"},
	}
	want := []string{
		bulk("old"), "", "", "", "", bulk("old"), "", "",
		"+OK\r\n", "+QUEUED\r\n", "", "+OK\r\n", "+QUEUED\r\n", "*1\r\n" + bulk("old"), "", "", "+PONG\r\n",
	}
	var all strings.Builder
	for _, args := range requests {
		all.WriteString(command(args...))
	}
	o.c.send(all.String())
	if got := o.c.reply(); got != want[0] { // so all of it has been read
		t.Errorf("%q", got)
	}
	o.away.Kill()
	for i := 1; i < len(want); i++ {
		got := o.c.reply()
		if want[i] != "" && got != want[i] {
			t.Errorf("%q: %q", requests[i], got)
		}
		if want[i] == "" && (!failed(got) || !strings.Contains(got, o.away.Addr)) {
			t.Errorf("%q: %q does not name %s", requests[i], got, o.away.Addr)
		}
	}
	o.othersServe()
}

// TestHalfWritten kills a server while its part of an MSET is in flight. The error tells how many keys failed.
func TestHalfWritten(t *testing.T) {
	t.Parallel()
	o := startOutage(t, calm)
	o.away.Pause()
	args := append(o.mixed("MSET", "x"), o.keys[2][1], "x", o.keys[2][2], "x")
	o.c.send(command(args...) + command("PING"))
	for i := range 2 { // the others have written
		testkit.Eventually(t, "the part is written", func() error {
			got, err := o.servers[i].Do("GET " + o.keys[i][0])
			if err == nil && got != "x" {
				err = fmt.Errorf("%q", got)
			}
			return err
		})
	}
	o.away.Kill()
	if got := o.c.reply(); !strings.Contains(got, o.away.Addr) || !strings.Contains(got, "3 of 5 keys") {
		t.Errorf("%q", got)
	}
	if got := o.c.reply(); got != "+PONG\r\n" {
		t.Errorf("%q", got)
	}
}

// TestHanging checks that a server which does not answer costs a request the pool's timeout. When it goes on, its late
// replies are dropped.
func TestHanging(t *testing.T) {
	t.Parallel()
	o := startOutage(t, hangs)
	gone := o.keys[2][0]
	o.away.Pause()
	o.fails("GET", gone)
	o.fails(o.mixed("MGET")...)
	o.known("ejected")
	o.fails("DBSIZE")
	o.othersServe()
	o.away.Resume()
	o.known("up")
	for i := range 50 {
		value := fmt.Sprint("after", i)
		o.c.want("+OK\r\n", "SET", gone, value)
		o.c.want(bulk(value), "GET", gone)
		o.c.want("*3\r\n"+bulk("old")+bulk("old")+bulk(value), o.mixed("MGET")...)
	}
	o.c.want(":12\r\n", "DBSIZE")
}
