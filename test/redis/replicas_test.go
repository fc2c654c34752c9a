package redis

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/relay"
)

// reads is a pool with read_from: one master, its replicas, and a Sentinel that does nothing of its own.
type reads struct {
	*harness.Magent
	t        *testing.T
	master   *testkit.Redis
	replicas []*testkit.Redis
	sentinel *testkit.Redis
	hung     *testkit.Redis // it cannot be asked what it was asked for
	args     []string       // of the proxy
	keys     int            // how many of them spread reads
	c        *conn
}

// startReads starts a pool with so many replicas, which get args. options are lines of the pool.
func startReads(t *testing.T, replicas int, args []string, options ...string) *reads {
	t.Helper()
	r := &reads{t: t, master: testkit.StartRedis(t), keys: 60}
	for range replicas {
		r.replicas = append(r.replicas, testkit.StartReplica(t, r.master, args...))
	}
	r.sentinel = testkit.StartSentinels(t, 1, "m", r.master, replicas)[0]
	r.start(options...)
	r.awaitReads(r.replicas...)
	return r
}

// start starts the proxy.
func (r *reads) start(options ...string) {
	r.t.Helper()
	addr := testkit.DeadAddr(r.t)
	text := "alpha:\n  listen: " + addr + "\n  redis: true\n  read_from: replica\n"
	for _, line := range options {
		if strings.HasPrefix(line, "read_from") {
			text = strings.Replace(text, "read_from: replica", line, 1)
		} else {
			text += "  " + line + "\n"
		}
	}
	text += "  servers:\n   - " + testkit.SentinelServer([]*testkit.Redis{r.sentinel}, "m") + ":1\n"
	r.Magent = startAsking(r.t, testkit.TempFile(r.t, "pools.yml", text), r.args...)
	r.c = dial(r.t, addr)
}

// calls returns how often a server was asked for a command, refusals included.
func calls(t *testing.T, s *testkit.Redis, command string) (n int) {
	t.Helper()
	text, err := s.Do("INFO commandstats")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		fields, ok := strings.CutPrefix(strings.TrimSpace(line), "cmdstat_"+command+":")
		for field := range strings.SplitSeq(fields, ",") {
			name, value, _ := strings.Cut(field, "=")
			if count, err := strconv.Atoi(value); ok && err == nil && (name == "calls" || name == "rejected_calls") {
				n += count
			}
		}
	}
	return n
}

// everywhere returns the calls of a command at the master, and then at each replica.
func (r *reads) everywhere(command string) (all []int) {
	for _, s := range append([]*testkit.Redis{r.master}, r.replicas...) {
		n := 0
		if !s.Exited() && s != r.hung {
			n = calls(r.t, s, command)
		}
		all = append(all, n)
	}
	return all
}

// spread reads many keys, and returns how many of them each server was asked for: the master, and then each replica.
func (r *reads) spread() []int {
	r.t.Helper()
	before := r.everywhere("strlen")
	for i := range r.keys {
		if got := r.c.do("STRLEN", fmt.Sprint("key", i)); got != ":0\r\n" {
			r.t.Fatalf("STRLEN: %q", got)
		}
	}
	after := r.everywhere("strlen")
	for i := range after {
		after[i] -= before[i]
	}
	return after
}

// awaitReads waits until these servers, and no others, answer reads.
func (r *reads) awaitReads(servers ...*testkit.Redis) {
	r.t.Helper()
	what := "reads go to"
	for _, s := range servers {
		what += " " + s.Addr
	}
	all := append([]*testkit.Redis{r.master}, r.replicas...)
	testkit.Eventually(r.t, what, func() error {
		got := r.spread()
		for i, s := range all {
			wanted := false
			for _, w := range servers {
				wanted = wanted || w == s
			}
			if wanted != (got[i] > 0) {
				return fmt.Errorf("they went to %v", got)
			}
		}
		return nil
	})
}

// Replicas get what reads keys, also split by server, in both protocols and in other databases. The master gets the
// rest: writes, scripts, transactions, what is read while keys are watched, and what is about all keys.
func TestReadsGoToReplicas(t *testing.T) {
	t.Parallel()
	r := startReads(t, 2, nil, calm, "databases: true")
	for _, proto := range protocols {
		for _, db := range []string{"0", "3"} {
			r.c.hello(proto)
			r.c.want("+OK\r\n", "SELECT", db)
			r.awaitReads(r.replicas...)
			r.checkReads()
		}
	}
}

// checkReads sends commands to see where they go.
func (r *reads) checkReads() {
	t := r.t
	t.Helper()
	r.c.want("+OK\r\n", "SET", "{x}string", "s")
	r.c.wantPrefix(":", "SADD", "{x}set", "m")
	r.c.wantPrefix("$", "XADD", "{x}stream", "*", "f", "v")
	r.c.wantPrefix(":", "WAIT", "2", "20000")
	for _, tt := range []struct {
		replica bool
		command string
	}{
		{true, "GET {x}string"},
		{true, "MGET {x}string {y}none"},
		{true, "EXISTS {x}string {x}set"},
		{true, "TYPE {x}set"},
		{true, "SMEMBERS {x}set"},
		{true, "SINTER {x}set {x}set"},
		{true, "SINTERCARD 2 {x}set {x}set"},
		{true, "SORT_RO {x}set ALPHA"},
		{true, "XREAD COUNT 1 STREAMS {x}stream 0"},
		{true, "PFCOUNT {x}none"},
		{false, "SET {x}string s"},
		{false, "APPEND {x}other s"},
		{false, "DEL {x}other"},
		{false, "TOUCH {x}string"},
		{false, "SCAN 0"},
		{false, "DBSIZE"},
		{false, "KEYS {x}*"},
		{false, "RANDOMKEY"},
		{false, "SORT {x}set ALPHA"},
		{false, "OBJECT ENCODING {x}string"},
		{false, "EVAL return(1) 1 {x}string"},
		{false, "EVAL_RO return(1) 1 {x}string"},
		{false, "BLPOP {x}list 0.01"},
		{false, "XREAD BLOCK 1 STREAMS {x}stream $"},
		{false, "PUBLISH {x}channel text"},
	} {
		args := strings.Fields(tt.command)
		name := strings.ToLower(args[0])
		if name == "object" {
			name = "object|encoding"
		}
		if tt.replica {
			r.awaitAsked(name, args)
			continue
		}
		before := r.everywhere(name)
		if got := r.c.do(args...); got[0] == '-' {
			t.Errorf("%s: %q", tt.command, got)
		}
		if after := r.everywhere(name); after[0] == before[0] {
			t.Errorf("%s: master and replicas had %v calls, and now %v", tt.command, before, after)
		}
	}
	r.checkFresh()
}

// checkFresh checks that transactions, and what is read while keys are watched, see all writes.
func (r *reads) checkFresh() {
	r.t.Helper()
	before := r.everywhere("get")
	r.c.want("+OK\r\n", "WATCH", "{x}string")
	r.c.want(bulk("s"), "GET", "{x}string")
	r.c.want("+OK\r\n", "MULTI")
	r.c.want("+QUEUED\r\n", "GET", "{x}string")
	r.c.want("*1\r\n"+bulk("s"), "EXEC")
	if after := r.everywhere("get"); after[0] != before[0]+2 || after[1]+after[2] != before[1]+before[2] {
		r.t.Errorf("watched: %v, and now %v", before, after)
	}
	r.awaitAsked("get", []string{"GET", "{x}string"})
}

// awaitAsked waits until a replica, and not the master, is asked for a command. A replica that was slow to say what it
// replicates is not read for a second.
func (r *reads) awaitAsked(name string, args []string) {
	r.t.Helper()
	testkit.Eventually(r.t, "a replica answers "+args[0], func() error {
		before := r.everywhere(name)
		if got := r.c.do(args...); got[0] == '-' {
			r.t.Errorf("%s: %q", args, got)
		}
		after := r.everywhere(name)
		if after[0] != before[0] || after[1]+after[2] == before[1]+before[2] {
			return fmt.Errorf("master and replicas had %v calls, and now %v", before, after)
		}
		return nil
	})
}

// A key is asked of one replica, so that no client sees it go back. All replicas get some keys.
func TestReplicasShareKeys(t *testing.T) {
	t.Parallel()
	r := startReads(t, 2, nil, calm)
	testkit.Eventually(t, "all get some keys", func() error {
		if got := r.spread(); got[0] != 0 || got[1] < 10 || got[2] < 10 {
			return fmt.Errorf("master and replicas got %v", got)
		}
		return nil
	})
	testkit.Eventually(t, "a key is asked of one replica", func() error {
		before := r.everywhere("get")
		for range 20 {
			r.c.want("$-1\r\n", "GET", "k")
		}
		after := r.everywhere("get")
		if a, b := after[1]-before[1], after[2]-before[2]; a+b != 20 || a*b != 0 {
			return fmt.Errorf("one key was asked for %d and %d times", a, b)
		}
		return nil
	})
}

// load reads keys with several clients until stop is called, which returns how many reads there were. Each has to
// succeed.
func (r *reads) load() (stop func() int) {
	const clients = 4
	ended, done := make(chan struct{}), make(chan error, clients)
	counts := make([]int, clients)
	for i := range clients {
		c := dial(r.t, r.Addr)
		go func() { done <- readUntil(c, i, ended, &counts[i]) }()
	}
	return func() (n int) {
		r.t.Helper()
		close(ended)
		for range clients {
			if err := testkit.Await(r.t, "a client", done); err != nil {
				r.t.Error(err)
			}
		}
		for _, c := range counts {
			n += c
		}
		return n
	}
}

func readUntil(c *conn, first int, ended chan struct{}, count *int) error {
	for n := first; ; n++ {
		select {
		case <-ended:
			return nil
		default:
		}
		got, err := c.try("GET", fmt.Sprint("none", n%100))
		if err == nil && n%10 == 0 {
			got, err = c.try("MGET", fmt.Sprint("none", n%100), fmt.Sprint("none", n%99))
			got = strings.TrimPrefix(strings.Replace(got, "$-1\r\n", "", 1), "*2\r\n")
		}
		if err == nil && got != "$-1\r\n" {
			err = errors.New(strings.TrimSpace(got))
		}
		if err != nil {
			return fmt.Errorf("read %d: %w", n, err)
		}
		*count++
		harness.Breathe()
	}
}

// Replicas die, hang, and come back, and no client notices. The last one that is there gets all reads, then the master
// does.
func TestReplicasAreLost(t *testing.T) {
	t.Parallel()
	r := startReads(t, 2, nil, calm)
	one, two := r.replicas[0], r.replicas[1]
	stop := r.load()
	one.Kill()
	r.awaitReads(two)
	r.hung = two
	two.Pause()
	r.awaitReads(r.master)
	two.Resume()
	r.hung = nil
	r.awaitReads(two)
	one.Restart()
	r.awaitReads(one, two)
	cut := dial(t, two.Addr)
	for range 20 {
		cut.wantPrefix(":", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		harness.Breathe()
	}
	r.awaitReads(one, two)
	t.Logf("%d reads", stop())
}

// A replica that has lost its master, or follows another one, is not read. What it refuses meanwhile is asked of the
// master. No Sentinel is needed for that.
func TestStaleReplicas(t *testing.T) {
	t.Parallel()
	r := startReads(t, 2, []string{"--replica-serve-stale-data", "no"}, calm)
	one, two := r.replicas[0], r.replicas[1]
	r.sentinel.Pause() // else it would give the replicas their master again
	stop := r.load()
	_, port, _ := strings.Cut(testkit.DeadAddr(t), ":")
	one.Await("REPLICAOF 127.0.0.1 "+port, "+OK")
	r.awaitReads(two)
	other := testkit.StartRedis(t)
	two.Await("REPLICAOF 127.0.0.1 "+strconv.Itoa(other.Port), "+OK")
	r.awaitReads(r.master)
	for _, s := range r.replicas {
		s.Await("REPLICAOF 127.0.0.1 "+strconv.Itoa(r.master.Port), "+OK")
	}
	r.awaitReads(one, two)
	t.Logf("%d reads", stop())
}

// While a master hangs, and nobody replaces it, replicas in step with it are read. Writes fail.
func TestReadsWithoutMaster(t *testing.T) {
	t.Parallel()
	r := startReads(t, 1, nil, hangs)
	r.c.want("+OK\r\n", "SET", "k", "v")
	r.c.want(":1\r\n", "WAIT", "1", "20000")
	r.master.Pause()
	testkit.Eventually(t, "it is read, and not written", func() error {
		r.c.wantPrefix("-ERR ", "SET", "k", "new")
		one, several := r.c.do("GET", "k"), r.c.do("MGET", "k")
		if one != bulk("v") || several != "*1\r\n"+bulk("v") {
			return fmt.Errorf("%q, %q", one, several)
		}
		return nil
	})
	r.master.Resume()
	testkit.Until(t, "it is written", func() bool { return r.c.do("SET", "k", "new") == "+OK\r\n" })
}

// A replica becomes the master, and the master a replica. Then the old master gets reads, and no writes.
func TestReadsAfterFailover(t *testing.T) {
	t.Parallel()
	r := startReads(t, 2, nil, calm)
	testkit.Failover(r.sentinel, "m")
	var next *testkit.Redis
	testkit.Until(t, "another one is the master", func() bool {
		for _, s := range r.replicas {
			if isMaster(s) {
				next = s
			}
		}
		return next != nil
	})
	old := r.master
	// The Sentinel does the same, some ten seconds later. Until then the old master takes writes.
	old.Await("REPLICAOF 127.0.0.1 "+strconv.Itoa(next.Port), "+OK")
	testkit.Until(t, "all loops write", func() bool {
		done := 0
		for ; done < 50 && r.c.do("SET", fmt.Sprint("k", done), "v") == "+OK\r\n"; done++ {
		}
		return done == 50
	})
	for i, s := range r.replicas {
		if s == next {
			r.master, r.replicas[i] = next, old
		}
	}
	r.awaitReads(r.replicas...)
	before := r.everywhere("set")
	for i := range 50 {
		r.c.want("+OK\r\n", "SET", fmt.Sprint("k", i), "v")
	}
	if after := r.everywhere("set"); after[0] != before[0]+50 {
		t.Errorf("the new master had written %d, and now %d", before[0], after[0])
	}
}

// The nearest of master and replicas is read: the one that answers soonest. They differ by more than what a busy
// machine adds to each, as another one has to be nearer by a fifth.
func TestNearest(t *testing.T) {
	t.Parallel()
	r := &reads{t: t, master: testkit.StartRedis(t), keys: 1} // it takes long
	r.args = []string{"--connect-timeout", "20s"}
	far := relay.Start(t, r.master.Addr, 300*time.Millisecond)
	_, port, _ := strings.Cut(far.Addr, ":")
	var ways []*relay.Relay
	for _, lag := range []time.Duration{5 * time.Millisecond, 200 * time.Millisecond} {
		// The Sentinel knows it by the address of the way to it, which is told after that is there
		s := testkit.StartRedis(t, "--replicaof", "127.0.0.1", port)
		way := relay.Start(t, s.Addr, lag)
		_, announced, _ := strings.Cut(way.Addr, ":")
		s.Await("CONFIG SET replica-announce-port "+announced, "+OK")
		s.Await("REPLICAOF 127.0.0.1 "+port, "+OK")
		r.replicas, ways = append(r.replicas, s), append(ways, way)
	}
	r.sentinel = testkit.StartSentinel(t, "sentinel monitor m 127.0.0.1 "+port+" 1\n"+
		"sentinel down-after-milliseconds m 3600000\n")
	r.sentinel.Await("INFO sentinel", "slaves=2")
	r.start(calm, "read_from: nearest")
	r.awaitReads(r.replicas[0])
	ways[0].Delay(600 * time.Millisecond)
	r.awaitReads(r.replicas[1])
	far.Delay(0)
	r.awaitReads(r.master)
}

// How many reads went to replicas is told, which replicas there are, and what had to be repeated.
func TestReadsAreCounted(t *testing.T) {
	t.Parallel()
	r := &reads{t: t, master: testkit.StartRedis(t, "--requirepass", "secret")}
	r.replicas = append(r.replicas, testkit.StartRedis(t, "--requirepass", "secret", "--masterauth", "secret",
		"--replicaof", "127.0.0.1", strconv.Itoa(r.master.Port)))
	r.sentinel = testkit.StartSentinel(t, fmt.Sprintf("sentinel monitor m 127.0.0.1 %d 1\n"+
		"sentinel auth-pass m secret\nsentinel down-after-milliseconds m 3600000\n", r.master.Port))
	r.sentinel.Await("INFO sentinel", "slaves=1")
	admin := testkit.DeadAddr(t)
	r.args = []string{"--admin", admin}
	r.start(calm, "redis_auth: secret")
	r.c.want("+OK\r\n", "AUTH", "secret")
	replica := r.replicas[0]
	testkit.Eventually(t, "reads are counted", func() error {
		r.c.want(":0\r\n", "STRLEN", "k")
		text := get(t, "http://"+admin+"/metrics")
		if strings.Contains(text, "magent_server_replica_reads_total{") &&
			!strings.Contains(text, `replica_reads_total{pool="alpha",role="primary",server="sentinel://`+
				r.sentinel.Addr+`/m"} 0`) {
			return nil
		}
		return errors.New("none yet")
	})
	if text := get(t, "http://"+admin+"/stats.json"); !strings.Contains(text, `"`+replica.Addr+`"`) {
		t.Errorf("the replica is not named: %s", text)
	}
}

// get returns a page.
func get(t *testing.T, url string) string {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
