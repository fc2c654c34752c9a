package pools

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// Two pools of one process have their own listeners, servers and settings. One of them has backups.
func TestTwoPools(t *testing.T) {
	servers := memcacheds(t, 3)
	first, second := testkit.DeadAddr(t), testkit.DeadAddr(t)
	m := harness.StartMagent(t, "-c",
		testkit.TempFile(t, "pools.yml", "first:\n  listen: "+first+
			"\n  timeout: 20000\n  max_value: 100\n  servers:\n"+lines(servers[:1], ":1 eins")+
			"second:\n  listen: "+second+"\n  timeout: 20000\n  servers:\n"+lines(servers[1:2], ":1")+"  backups:\n"+
			lines(servers[2:], ":1")))
	if m.Addr != first {
		t.Fatalf("listens at %s first, not at %s", m.Addr, first)
	}
	one, two := harness.Dial(t, first), harness.Dial(t, second)
	one.Want(harness.Set("a", "1"), "STORED\r\n")
	two.Want("get a\r\n", "END\r\n")
	two.Want(harness.Set("b", strings.Repeat("x", 101)), "STORED\r\n")
	one.Want("get b\r\n", "END\r\n")
	one.Want(harness.Set("c", strings.Repeat("x", 101)), "SERVER_ERROR object too large for cache\r\n")
	if !holds(t, servers[0], "a") || holds(t, servers[1], "a") || !holds(t, servers[1], "b") ||
		!holds(t, servers[2], "b") {
		t.Error("a key is not where it belongs")
	}
	if pool, name := harness.ServerStat(t, second, servers[0].Addr, "pool"),
		harness.ServerStat(t, second, servers[0].Addr, "name"); pool != "first" || name != "eins" {
		t.Errorf("stats: pool %q, name %q", pool, name)
	}
	servers[1].Kill() // the pool with backups goes on
	two.Want("get b\r\n", harness.Hit("b", strings.Repeat("x", 101)))
	harness.AwaitState(t, first, servers[1].Addr, "ejected")
}

// Keys with the same tag are on the same server. Without hash_tag they are not.
func TestHashTag(t *testing.T) {
	servers := memcacheds(t, 3)
	tagged, plain := testkit.DeadAddr(t), testkit.DeadAddr(t)
	pool := "  timeout: 20000\n  servers:\n" + lines(servers, ":1 one", ":1 two", ":1 three")
	harness.StartMagent(t, "-c",
		testkit.TempFile(t, "pools.yml", "tagged:\n  listen: "+tagged+"\n  hash_tag: \"{}\"\n"+pool+
			"plain:\n  listen: "+plain+"\n"+pool))
	c, p := harness.Dial(t, tagged), harness.Dial(t, plain)
	hits := 0
	for i := range 30 {
		key := fmt.Sprintf("%d:{42}:user-profile", i) // fnv1a_64 does not spread keys that differ in their last bytes
		c.Want(harness.Set(key, "x"), "STORED\r\n")
		if p.Do("get "+key+"\r\n") != "END\r\n" {
			hits++
		}
		c.Want("get "+key+"\r\n", harness.Hit(key, "x")) // the whole key is stored
	}
	if hits == 0 || hits == 30 {
		t.Errorf("%d of 30 keys are where the whole key puts them", hits)
	}
	used := 0
	for _, s := range servers {
		if items := harness.Stats(t, s.Addr, "")["curr_items"]; items == "30" {
			used++
		} else if items != "0" {
			t.Errorf("%s has %s items", s.Addr, items)
		}
	}
	if used != 1 {
		t.Errorf("the keys are on %d servers", used)
	}
}

// The distribution random uses every server for a key.
func TestRandom(t *testing.T) {
	servers := memcacheds(t, 2)
	addr := testkit.DeadAddr(t)
	harness.StartMagent(t, "-c",
		testkit.TempFile(t, "pools.yml", "a:\n  listen: "+addr+
			"\n  timeout: 20000\n  distribution: random\n  servers:\n"+lines(servers, ":1")))
	c := harness.Dial(t, addr)
	testkit.Eventually(t, "the key is on both servers", func() error {
		c.Want(harness.Set("k", "x"), "STORED\r\n")
		if holds(t, servers[0], "k") && holds(t, servers[1], "k") {
			return nil
		}
		return errors.New("it is on one")
	})
	for range 50 {
		c.Want("get k k k\r\n", strings.Repeat("VALUE k 0 1\r\nx\r\n", 3)+"END\r\n")
	}
}

// The file of a unix socket has the permissions that are configured after its path. It is removed when magent ends.
func TestUnixListener(t *testing.T) {
	servers := memcacheds(t, 1)
	path := filepath.Join(t.TempDir(), "m.sock")
	m := harness.StartMagent(t, "-c",
		testkit.TempFile(t, "pools.yml", "a:\n  listen: "+path+" 0621\n  timeout: 20000\n  servers:\n"+
			lines(servers, ":1")))
	if m.Addr != path {
		t.Errorf("listens at %s", m.Addr)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o621 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	harness.Dial(t, path).Want(harness.Set("k", "x"), "STORED\r\n")
	m.Terminate()
	if code := m.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket: %v", err)
	}
}

// client_connections limits the clients of its pool only.
func TestClientConnections(t *testing.T) {
	servers := memcacheds(t, 1)
	few, many := testkit.DeadAddr(t), testkit.DeadAddr(t)
	m := harness.StartMagent(t, "-c",
		testkit.TempFile(t, "pools.yml", "many:\n  listen: "+many+"\n  servers:\n"+lines(servers, ":1")+
			"few:\n  listen: "+few+"\n  client_connections: 2\n  servers:\n"+lines(servers, ":1")))
	clients := []*harness.Client{harness.Dial(t, few), harness.Dial(t, few)}
	for _, c := range clients {
		c.Want("mn\r\n", "MN\r\n")
	}
	if said := harness.Dial(t, few).AwaitEOF(); said != "ERROR Too many open connections\r\n" {
		t.Errorf("the third got %q", said)
	}
	for range 5 {
		harness.Dial(t, many).Want("mn\r\n", "MN\r\n")
	}
	clients[0].Close()
	testkit.Eventually(t, "there is room again", func() error {
		c, err := harness.Open(few)
		if err != nil {
			return err
		}
		defer c.Close()
		if reply, err := c.Try("mn\r\n"); err != nil || reply != "MN\r\n" {
			return fmt.Errorf("%q, %v", reply, err)
		}
		return nil
	})
	for _, warning := range []string{"client_connections 2 is enforced here", `pool \"many\" has no timeout`} {
		if !strings.Contains(m.Log(), warning) {
			t.Errorf("the log lacks %s", warning)
		}
	}
}
