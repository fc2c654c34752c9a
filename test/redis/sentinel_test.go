package redis

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// shard is a master with a replica and its Sentinels.
type shard struct {
	name            string
	master, replica *testkit.Redis
	sentinels       []*testkit.Redis
}

func startShard(t *testing.T, name string, sentinels int) *shard {
	t.Helper()
	s := &shard{name: name, master: testkit.StartRedis(t)}
	s.replica = testkit.StartReplica(t, s.master)
	s.sentinels = testkit.StartSentinels(t, sentinels, name, s.master, 1)
	return s
}

// startProxy runs magent with one pool of these shards.
func startProxy(t *testing.T, binary string, shards ...*shard) string {
	t.Helper()
	addr := testkit.DeadAddr(t)
	text := "alpha:\n  listen: " + addr + "\n  redis: true\n  " + calm + "\n  servers:\n"
	for _, s := range shards {
		text += "   - " + testkit.SentinelServer(s.sentinels, s.name) + ":1\n"
	}
	file := filepath.Join(t.TempDir(), "pools.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if binary == "" {
		startAsking(t, file, "--threads", "2")
		return addr
	}
	p := testkit.Start(t, "nutcracker", binary, "-c", file, "-s", port(t), "-a", "127.0.0.1", "-o",
		filepath.Join(t.TempDir(), "log"))
	testkit.Eventually(t, "nutcracker listens", func() error {
		if p.Exited() {
			t.Fatalf("it ended with code %d", p.ExitCode())
		}
		c, err := harness.Open(addr)
		if err == nil {
			c.Close()
		}
		return err
	})
	return addr
}

func port(t *testing.T) string {
	t.Helper()
	addr := testkit.DeadAddr(t)
	return addr[strings.LastIndexByte(addr, ':')+1:]
}

// set stores one key, and returns the answer.
func set(c *harness.Client, key string, value int) error {
	reply, err := c.Try(fmt.Sprintf("SET %s %d\r\n", key, value))
	if err == nil && reply != "+OK\r\n" {
		err = errors.New(strings.TrimSpace(reply))
	}
	return err
}

// A client stays connected, and writes, while the master of one of two shards is replaced. In the end the new master
// gets the writes. The keys of the other shard are not affected.
func TestFailover(t *testing.T) {
	t.Parallel()
	const byCommand = "by command"
	for name, replace := range map[string]func(*shard){
		"the master dies":  func(s *shard) { s.master.Kill(); testkit.LoseMaster(s.sentinels, s.name) },
		"the master hangs": func(s *shard) { s.master.Pause(); testkit.LoseMaster(s.sentinels, s.name) },
		byCommand:          func(s *shard) { s.sentinels[0].Await("SENTINEL FAILOVER "+s.name, "+OK") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := startShard(t, "one", 3), startShard(t, "two", 1)
			c := harness.Dial(t, startProxy(t, "", one, two))
			key, other := keyOn(t, c, one), keyOn(t, c, two)
			replace(one)
			begin, errs, last := time.Now(), 0, ""
			again := 10 * time.Second // a Sentinel that is busy may give up
			var failed, back time.Duration
			for n := 1; ; n++ {
				if err := set(c, other, n); err != nil {
					t.Fatalf("the other shard: %v", err)
				}
				err := set(c, key, n)
				switch {
				case err == nil && isMaster(one.replica) && holds(one.replica, key, n):
					back = time.Since(begin)
				case err != nil && errs == 0:
					failed = time.Since(begin)
					fallthrough
				case err != nil:
					errs++
					last = err.Error()
				}
				if back > 0 {
					break
				}
				if name == byCommand && time.Since(begin) > again {
					again *= 2
					_, _ = one.sentinels[0].Do("SENTINEL FAILOVER " + one.name)
				}
				if time.Since(begin) > 3*testkit.Patience {
					t.Fatalf("the new master is not written to; %d errors, the last: %s", errs, last)
				}
			}
			t.Logf("first error after %v, new master written to after %v; %d errors, the last: %s", failed,
				back, errs, last)
		})
	}
}

// keyOn returns a key of a shard.
func keyOn(t *testing.T, c *harness.Client, s *shard) string {
	t.Helper()
	for i := range 100 {
		key := fmt.Sprintf("key%d", i)
		if err := set(c, key, 0); err != nil {
			t.Fatal(err)
		}
		if holds(s.master, key, 0) {
			return key
		}
	}
	t.Fatal("no key is there")
	return ""
}

func holds(r *testkit.Redis, key string, value int) bool {
	got, err := r.Do("GET " + key)
	return err == nil && got == fmt.Sprint(value)
}

func isMaster(r *testkit.Redis) bool {
	reply, err := r.Do("INFO replication")
	return err == nil && strings.Contains(reply, "role:master")
}

// nutcracker supports Sentinels, too.
func TestNutcracker(t *testing.T) {
	t.Parallel()
	s := startShard(t, "mymaster", 1)
	c := harness.Dial(t, startProxy(t, harness.Nutcracker(t), s))
	testkit.Failover(s.sentinels[0], "mymaster")
	testkit.Eventually(t, "the new master is written to", func() error {
		if err := set(c, "k", 1); err != nil {
			return err
		}
		if !isMaster(s.replica) || !holds(s.replica, "k", 1) {
			return errors.New("not yet")
		}
		return nil
	})
}
