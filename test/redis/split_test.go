package redis

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// startSplit runs a proxy with read_from in front of shards. It returns a key of each, whose value is its own name,
// and the file of the pool. The replicas have the keys.
func startSplit(t *testing.T, shards ...*shard) (proxy *harness.Magent, keys []string, file string) {
	t.Helper()
	text := "alpha:\n  listen: " + testkit.DeadAddr(t) + "\n  redis: true\n  read_from: replica\n  " + calm +
		"\n  servers:\n"
	for _, s := range shards {
		text += "   - " + testkit.SentinelServer(s.sentinels, s.name) + ":1\n"
	}
	file = testkit.TempFile(t, "pools.yml", text)
	proxy = startAsking(t, file)
	c := harness.Dial(t, proxy.Addr)
	for _, s := range shards {
		keys = append(keys, keyOn(t, c, s))
	}
	for i, s := range shards {
		dial(t, proxy.Addr).want("+OK\r\n", "SET", keys[i], keys[i])
		s.replica.Await("GET "+keys[i], keys[i])
	}
	return proxy, keys, file
}

// awaitSplit waits until the replicas of these shards are asked for a command with a key of each, and the masters of
// the others.
func awaitSplit(t *testing.T, c *conn, want, name string, keys []string, all []*shard, replicas ...*shard) {
	t.Helper()
	testkit.Eventually(t, "replicas answer "+name, func() error {
		var before []int
		for _, s := range all {
			before = append(before, callsIfThere(t, s.master, name), callsIfThere(t, s.replica, name))
		}
		c.want(want, append([]string{name}, keys...)...)
		for i, s := range all {
			atMaster := callsIfThere(t, s.master, name) > before[2*i]
			atReplica := callsIfThere(t, s.replica, name) > before[2*i+1]
			if atMaster == atReplica || atReplica != slices.Contains(replicas, s) {
				return fmt.Errorf("%s: at the master %v, at the replica %v", s.name, atMaster, atReplica)
			}
		}
		return nil
	})
}

// callsIfThere is calls, and 0 for a server that does not run.
func callsIfThere(t *testing.T, s *testkit.Redis, name string) int {
	t.Helper()
	if s.Exited() {
		return 0
	}
	return calls(t, s, name)
}

// A command that is split by server is answered by replicas, as far as they can. What one of them refuses, or does not
// answer, is asked of its master, and no client notices. Nor does it after a reload.
func TestSplitReads(t *testing.T) {
	t.Parallel()
	one, two := startShard(t, "one", 1), startShard(t, "two", 1)
	all := []*shard{one, two}
	proxy, keys, file := startSplit(t, all...)
	c := dial(t, proxy.Addr)
	values := "*2\r\n" + bulk(keys[0]) + bulk(keys[1])
	await := func(replicas ...*shard) {
		t.Helper()
		awaitSplit(t, c, values, "mget", keys, all, replicas...)
		awaitSplit(t, c, ":2\r\n", "exists", keys, all, replicas...)
	}
	await(one, two)
	stop := readSplit(t, proxy.Addr, values, keys)

	refuse(t, one, func() { await(two) }, func() { await(one, two) })
	two.replica.Kill()
	await(one)
	two.replica.Restart()
	await(one, two)

	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, "  client_connections: 100\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	proxy.Signal(syscall.SIGUSR1)
	testkit.Until(t, "reloaded", func() bool { return strings.Contains(proxy.Log(), "configuration reloaded") })
	await(one, two)
	stop()
}

// refuse has a replica lose its master, again and again until it has refused a read. lost is called when that is so,
// and back when it has its master again.
func refuse(t *testing.T, s *shard, lost, back func()) {
	t.Helper()
	s.sentinels[0].Pause() // else it would give the replica its master again
	defer s.sentinels[0].Resume()
	s.replica.Await("CONFIG SET replica-serve-stale-data no", "+OK")
	_, nobody, _ := strings.Cut(testkit.DeadAddr(t), ":")
	testkit.Eventually(t, "it refuses a read", func() error {
		s.replica.Await("REPLICAOF 127.0.0.1 "+nobody, "+OK")
		lost()
		s.replica.Await("REPLICAOF 127.0.0.1 "+strconv.Itoa(s.master.Port), "+OK")
		back()
		text, err := s.replica.Do("INFO errorstats")
		if err == nil && !strings.Contains(text, "errorstat_MASTERDOWN") {
			err = errors.New("it was not asked")
		}
		return err
	})
}

// readSplit reads keys of several servers at once until stop is called. Each read has to succeed.
func readSplit(t *testing.T, addr, want string, keys []string) (stop func()) {
	ended, done := make(chan struct{}), make(chan error, 1)
	c := dial(t, addr)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-ended:
				done <- nil
				return
			default:
			}
			if got, err := c.try(append([]string{"MGET"}, keys...)...); err != nil || got != want {
				done <- errors.Join(err, fmt.Errorf("read %d: %q", n, got))
				return
			}
			harness.Breathe()
		}
	}()
	return func() {
		t.Helper()
		close(ended)
		if err := testkit.Await(t, "the reader", done); err != nil {
			t.Error(err)
		}
	}
}
