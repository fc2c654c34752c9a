package soak

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/relay"
)

// farm is a magent with a memcached pool, whose servers are behind relays, and a Redis pool.
type farm struct {
	t       *testing.T
	magent  *harness.Magent
	admin   string
	redis   string // where the Redis pool listens
	file    string // of the pools
	text    string // what it says
	servers []*harness.Memcached
	relays  []*relay.Relay
	queues  []*testkit.Redis
	r       *rand.Rand
	reloads int
}

// fault is something that happens to a farm. It ends before it returns.
type fault struct {
	name   string
	strike func(f *farm, i int) // i: a memcached
}

var faults = []fault{
	{"pause", func(f *farm, i int) {
		f.servers[i].Pause()
		f.rest()
		f.servers[i].Resume()
	}},
	{"restart", func(f *farm, i int) { // it comes back empty
		f.servers[i].Kill()
		f.rest()
		f.servers[i].Restart()
	}},
	{"cut", func(f *farm, i int) { f.relays[i].Cut(); f.heal(i) }},
	{"hold", func(f *farm, i int) { f.relays[i].Hold(); f.heal(i) }},
	{"stall", func(f *farm, i int) { f.relays[i].Stall(); f.heal(i) }},
	{"swallow", func(f *farm, i int) { f.relays[i].Swallow(); f.heal(i) }},
	{"vanish", func(f *farm, i int) { f.relays[i].Vanish(); f.heal(i) }},
	{"tear", func(f *farm, i int) { f.relays[i].Tear(); f.heal(i) }},
	{"reset", func(f *farm, i int) { f.relays[i].Reset() }},
	{"queue", func(f *farm, i int) { // a Redis server
		q := f.queues[i%len(f.queues)]
		q.Kill()
		f.rest()
		q.Restart()
	}},
	{"reload", func(f *farm, _ int) { f.reload() }},
	{"reopen", func(f *farm, _ int) { f.magent.Signal(syscall.SIGHUP) }},
}

// start makes a farm, and waits until magent serves.
func start(t *testing.T, seed uint64) *farm {
	t.Helper()
	f := &farm{t: t, admin: testkit.DeadAddr(t), redis: testkit.DeadAddr(t), r: rand.New(rand.NewPCG(seed, 300))}
	for range 3 {
		m := harness.StartMemcached(t, "-m", "64")
		f.servers, f.relays = append(f.servers, m), append(f.relays, relay.Start(t, m.Addr, 0))
	}
	for range 2 {
		f.queues = append(f.queues, testkit.StartRedis(t))
	}
	const settings, servers = "  timeout: 300\n  probe_interval: 100\n", "  servers:\n   - %s:1\n   - %s:1\n"
	f.text = fmt.Sprintf("cache:\n  listen: %s\n"+settings+servers+"  backups:\n   - %s:1\n"+
		"queues:\n  listen: %s\n  redis: true\n"+settings+servers,
		testkit.DeadAddr(t), f.relays[0].Addr, f.relays[1].Addr, f.relays[2].Addr,
		f.redis, f.queues[0].Addr, f.queues[1].Addr)
	f.file = testkit.TempFile(t, "pools.yml", f.text)
	f.magent = harness.StartMagent(t, "-c", f.file, "--connect-timeout", "300ms", "--admin", f.admin,
		"--state-dir", t.TempDir())
	return f
}

// settle waits until all servers of both pools are up, and nothing is left to repair.
func (f *farm) settle() {
	f.t.Helper()
	testkit.Eventually(f.t, "all servers are up", func() error {
		c, err := harness.Open(f.magent.Addr)
		if err != nil {
			return err
		}
		defer c.Close()
		reply, err := c.Try("stats servers\r\n")
		if err != nil {
			return err
		}
		stats, err := harness.ParseStats(reply)
		for i := range len(f.servers) + len(f.queues) {
			state, dirty := stats[fmt.Sprintf("server:%d:state", i)], stats[fmt.Sprintf("server:%d:dirty_keys", i)]
			if err == nil && (state != "up" || dirty != "0") {
				err = fmt.Errorf("server %d is %s, dirty keys: %s", i, state, dirty)
			}
		}
		return err
	})
}

// reload changes a setting of both pools in the file, and has magent read it.
func (f *farm) reload() {
	f.reloads++
	text := strings.ReplaceAll(f.text, "timeout: 300", fmt.Sprint("timeout: ", 300+f.reloads%2))
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.magent.Signal(syscall.SIGUSR1)
}

// rest returns how long a fault lasts: up to a second.
func (f *farm) rest() { time.Sleep(time.Duration(50+f.r.IntN(950)) * time.Millisecond) }

func (f *farm) heal(i int) {
	f.rest()
	f.relays[i].Heal()
}
