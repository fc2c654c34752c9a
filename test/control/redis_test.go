package control

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// dialRedis connects a client that speaks inline commands, with replies of one line. It sends hello first, if that is
// not empty.
func dialRedis(t *testing.T, addr, hello string) *harness.Client {
	t.Helper()
	c := harness.Dial(t, addr)
	if hello == "" {
		return c
	}
	for line := c.Do(hello + "\r\n"); !strings.HasPrefix(line, "*"); line = c.Reply() { // its last field is a list
	}
	return c
}

// stored counts the keys of which a SET is carried out, and those whose answer names the drain.
func stored(c *harness.Client) (good, drained int) {
	for i := range 20 {
		switch reply := c.Do(fmt.Sprintf("SET key-%d x\r\n", i)); {
		case reply == "+OK\r\n":
			good++
		case strings.Contains(reply, "it is drained by "):
			drained++
		}
	}
	return good, drained
}

// A Redis server has no other copy, so it is drained by --force only. Its keys are errors that say why, for clients of
// both versions of the protocol, until it is undrained.
func TestDrainRedis(t *testing.T) {
	t.Parallel()
	a, b := testkit.StartRedis(t), testkit.StartRedis(t)
	file := filepath.Join(t.TempDir(), "pools.yml")
	listen := fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t))
	text := fmt.Sprintf("alpha:\n  listen: %s\n  redis: true\n  hash: md5\n  timeout: 8000\n  servers:\n"+
		"   - %s:1 one\n   - %s:1 two\n", listen, a.Addr, b.Addr)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := start(t, "-c", file)
	old, third := dialRedis(t, listen, ""), dialRedis(t, listen, "HELLO 3")
	wants := func(some bool) {
		t.Helper()
		for name, c := range map[string]*harness.Client{"RESP2": old, "RESP3": third} {
			if good, drained := stored(c); good == 0 || good+drained != 20 || drained > 0 != some {
				t.Errorf("%s: %d keys are stored, of %d the answer names the drain", name, good, drained)
			}
		}
	}
	wants(false)
	m.wants(1, "and the keys have no other copy: clients would get errors", "drain", a.Addr)
	m.wants(0, "is drained until", "drain", a.Addr, "--force")
	wants(true)
	m.wants(0, "undrained", "undrain", a.Addr)
	testkit.Eventually(t, "it is used again", func() error {
		if good, _ := stored(old); good < 20 {
			return fmt.Errorf("%d keys", good)
		}
		return nil
	})
	testkit.Eventually(t, "by clients of RESP3, too", func() error {
		if good, _ := stored(third); good < 20 {
			return fmt.Errorf("%d keys", good)
		}
		return nil
	})
}
