package redis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/relay"
)

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
