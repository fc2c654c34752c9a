package control

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// redisClient speaks inline commands, with replies of one line.
type redisClient struct {
	t  *testing.T
	in *bufio.Reader
	c  net.Conn
}

func dialRedis(t *testing.T, addr, hello string) *redisClient {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &redisClient{t, bufio.NewReader(conn), conn}
	if hello == "" {
		return c
	}
	for line := c.do(hello); !strings.HasPrefix(line, "*"); line = c.line() { // its last field is a list
	}
	return c
}

func (c *redisClient) line() string {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func (c *redisClient) do(command string) string {
	c.t.Helper()
	fmt.Fprintf(c.c, "%s\r\n", command)
	return c.line()
}

// stored counts the keys of which a SET is carried out, and those whose answer names the drain.
func (c *redisClient) stored() (good, drained int) {
	for i := range 20 {
		switch reply := c.do(fmt.Sprintf("SET key-%d x", i)); {
		case reply == "+OK":
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
	text := fmt.Sprintf("alpha:\n  listen: %s\n  redis: true\n  hash: md5\n  timeout: 5000\n  servers:\n"+
		"   - %s:1 one\n   - %s:1 two\n", listen, a.Addr, b.Addr)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := start(t, "-c", file)
	old, third := dialRedis(t, listen, ""), dialRedis(t, listen, "HELLO 3")
	wants := func(some bool) {
		t.Helper()
		for name, c := range map[string]*redisClient{"RESP2": old, "RESP3": third} {
			if good, drained := c.stored(); good == 0 || good+drained != 20 || drained > 0 != some {
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
		if good, _ := old.stored(); good < 20 {
			return fmt.Errorf("%d keys", good)
		}
		return nil
	})
	testkit.Eventually(t, "by clients of RESP3, too", func() error {
		if good, _ := third.stored(); good < 20 {
			return fmt.Errorf("%d keys", good)
		}
		return nil
	})
}
