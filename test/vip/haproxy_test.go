package vip

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// TestHAProxy uses HAProxy, with the configuration that is shipped, instead of the virtual address. HAProxy must send
// all clients to one magent. When that is killed, hangs or ends, it must send them to another one, and not back.
func TestHAProxy(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "--timeout", patient)
	c.startHAProxy("haproxy-single.cfg")
	l := startLoad(c.client)
	// moves ends the magent that clients use, and starts it again. It reports whether they had answers soon, and did
	// not go back. On a busy machine a check may fail, so that clients go where they need not.
	moves := func(what string, end func(h *host)) bool {
		t.Helper()
		if err := l.more(100); err != nil {
			t.Fatal(err)
		}
		before := c.alone(nil)
		before.awaitUp() // the next magent does not know what servers have missed
		l.begin()
		end(before)
		if err := l.more(100); err != nil {
			t.Fatal(err)
		}
		c.alone(before)
		soon := l.soon(t, what)
		before.startMagent()
		for end := time.Now().Add(4 * time.Second); time.Now().Before(end); { // twice what HAProxy's checks need
			_, _ = c.ask(harness.Set("new", "1")) // who is connected stays, who comes may not
			if before.general()["cmd_set"] != "0" {
				t.Logf("%s: clients are back on %s", what, before.Name)
				return false
			}
			time.Sleep(pause)
		}
		return soon
	}
	again(t, "kill -9 of magent", func() bool {
		return moves("kill -9 of magent", func(h *host) { h.magent.Kill() })
	})
	again(t, "end of magent", func() bool {
		return moves("end of magent", func(h *host) {
			h.magent.Terminate()
			h.magent.ExitCode()
		})
	})
	if err := l.end(); err != nil {
		t.Error(err)
	}
	c.losesSomeKeys()
}

// startHAProxy runs HAProxy with a configuration that is shipped, and waits until it serves.
func (c *cluster) startHAProxy(name string) {
	c.t.Helper()
	replace := []string{"10.0.0.100", netns.Virtual}
	for i := range 3 {
		replace = append(replace, fmt.Sprintf("10.0.0.%d:", i+1), netns.Address(i)+":")
	}
	text := strings.NewReplacer(replace...).Replace(string(must(os.ReadFile(filepath.Join(must(harness.ModuleRoot()),
		"deploy/haproxy", name)))))
	file := filepath.Join(c.t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.client.IP("address", "add", netns.Virtual+"/24", "dev", "eth0")
	c.client.Start("haproxy", "haproxy", "-db", "-f", file)
	testkit.Eventually(c.t, "HAProxy serves", func() error {
		conn, err := c.client.Dial(fmt.Sprintf("%s:%d", netns.Virtual, port), time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	})
}

// ask sends a request to HAProxy on a new connection, and returns the first line of the reply.
func (c *cluster) ask(request string) (string, error) {
	conn, err := c.client.Dial(fmt.Sprintf("%s:%d", netns.Virtual, port), time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

// losesSomeKeys kills both copies of some keys, which no magent can serve any more. The other keys must be served:
// HAProxy must not drop magents for what all of them have lost.
func (c *cluster) losesSomeKeys() {
	c.t.Helper()
	testkit.Eventually(c.t, "all servers are up", func() error { // before that, keys are not where they belong
		for i := range c.hosts {
			stats := c.hosts[2].askAt(fmt.Sprintf("%s:%d", netns.Address(i), port), "stats servers\r\n", "END\r\n")
			if n := strings.Count(stats, ":state up\r\n"); n != 3 {
				return fmt.Errorf("host %d: %d of 3 servers are up", i, n)
			}
		}
		return nil
	})
	lost := func(key string) bool { // by the death of host 0
		if got, err := c.ask(harness.Set(key, "1")); got != "STORED\r\n" {
			c.t.Fatalf("set %s: %q, %v", key, got, err)
		}
		return c.hosts[2].askAt(netns.Address(0)+":11211", "get "+key+"\r\n", "END\r\n") != "END\r\n"
	}
	victim, key := 0, "magent.health" // a check for this one alone would have all magents be down
	if !lost(key) {
		victim = 1
	}
	for i := 0; lost(key) == (victim == 0); i++ {
		key = fmt.Sprint("key", i)
	}
	c.hosts[victim].memcached.Kill()
	c.hosts[2].memcached.Kill()
	testkit.Eventually(c.t, "keys are lost", func() error {
		if got, err := c.ask("get magent.health\r\n"); !strings.HasPrefix(got, "SERVER_ERROR") {
			return fmt.Errorf("%q, %v", got, err)
		}
		return nil
	})
	asked, failed := 0, 0 // a check of a busy host may fail, but not of all of them for long
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		asked++
		if got, err := c.ask("get " + key + "\r\n"); err != nil || got != "VALUE "+key+" 0 1\r\n" {
			failed++
			c.t.Logf("a key that is not lost: %q, %v", got, err)
		}
	}
	if failed > asked/2 {
		c.t.Errorf("%d of %d requests for a key that is not lost have failed", failed, asked)
	}
}

// alone waits until all clients are on one magent, which is not that of the excluded host.
func (c *cluster) alone(but *host) (h *host) {
	c.t.Helper()
	testkit.Eventually(c.t, "all clients are on one magent", func() error {
		asked := c.asked()
		if len(asked) != 1 || asked[0] == but {
			return fmt.Errorf("they are on %d", len(asked))
		}
		h = asked[0]
		return nil
	})
	return h
}

// asked are the hosts whose magents have been asked for something since a moment ago.
func (c *cluster) asked() []*host {
	c.t.Helper()
	count := func() (n [3]string) {
		for i, h := range c.hosts {
			if !h.magent.Exited() {
				n[i] = h.general()["cmd_set"]
			}
		}
		return n
	}
	before := count()
	var asked []*host
	testkit.Eventually(c.t, "somebody is asked", func() error {
		asked = nil
		for i, n := range count() {
			if n != before[i] {
				asked = append(asked, c.hosts[i])
			}
		}
		if len(asked) == 0 {
			return fmt.Errorf("nobody is")
		}
		return nil
	})
	return asked
}
