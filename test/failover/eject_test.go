package failover

import (
	"fmt"
	"strings"
	"testing"

	"magent/test/harness"
)

// TestKeysMoveToOtherServers has four servers without backups, one of which is killed. After one error per loop its
// keys are stored on the others. All other keys stay where they are. When the server is back, it has its keys again.
func TestKeysMoveToOtherServers(t *testing.T) {
	t.Parallel()
	var servers []*harness.Memcached
	args := []string{
		"--auto-eject-hosts", "--server-failure-limit", "2", "--server-retry-timeout", "500ms",
		"--threads", "1",
	}
	for range 4 {
		m := harness.StartMemcached(t)
		servers = append(servers, m)
		args = append(args, "-s", m.Addr)
	}
	proxy := harness.StartMagent(t, soon(args...)...)
	c := harness.Dial(t, proxy.Addr)
	const keys = 400
	key := func(i int) string { return fmt.Sprint("key", i) }
	for i := range keys {
		c.Want(harness.Set(key(i), "1"), "STORED\r\n")
	}
	home := map[int]bool{} // keys of the server that will be killed
	direct := harness.Dial(t, servers[0].Addr)
	for i := range keys {
		home[i] = direct.Do("get "+key(i)+"\r\n") != "END\r\n"
	}

	servers[0].Kill()
	errors := 0
	for i := range keys {
		if got := c.Do(harness.Set(key(i), "2")); strings.HasPrefix(got, "SERVER_ERROR ") {
			errors++
			harness.AwaitState(t, proxy.Addr, servers[0].Addr, "ejected") // by itself: nobody sends it anything
			c.Want(harness.Set(key(i), "2"), "STORED\r\n")
		}
	}
	if errors > 1 {
		t.Errorf("%d errors with a limit of 2", errors)
	}
	for i := range keys {
		c.Want("get "+key(i)+"\r\n", harness.Hit(key(i), "2"))
	}
	held := 0
	for _, m := range servers[1:] {
		d := harness.Dial(t, m.Addr)
		for i := range keys {
			if found := d.Do("get "+key(i)+"\r\n") != "END\r\n"; found && home[i] {
				held++
			}
		}
	}
	if n := len(onlyTrue(home)); held != n || n == 0 {
		t.Errorf("the others hold %d of %d keys that moved", held, n)
	}

	servers[0].Restart()
	harness.AwaitState(t, proxy.Addr, servers[0].Addr, "up")
	for i := range keys {
		want := harness.Hit(key(i), "2")
		if home[i] {
			want = "END\r\n" // it came back empty
		}
		c.Want("get "+key(i)+"\r\n", want)
	}
}

func onlyTrue(m map[int]bool) (out []int) {
	for i, yes := range m {
		if yes {
			out = append(out, i)
		}
	}
	return out
}
