package redis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// sections returns the names of the sections in a reply to INFO, and the lines of the last one.
func sections(info string) (names, last []string) {
	for line := range strings.Lines(info) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "# "):
			names, last = append(names, strings.ToLower(line[2:])), nil
		case strings.Contains(line, ":"):
			last = append(last, line)
		}
	}
	return names, last
}

// TestInfoSections checks that INFO answers with the sections that were asked for, as Redis does.
func TestInfoSections(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	c, direct := dial(t, startPool(t, servers, calm).Addr), dial(t, servers[0].Addr)
	all := "server clients stats replication cluster servers hotkeys keyspace"
	for _, tt := range []struct{ asked, want string }{
		{"", all},
		{"all", all},
		{"default", all},
		{"EVERYTHING", all},
		{"keyspace", "keyspace"},
		{"Server", "server"},
		{"server keyspace", "server keyspace"},
		{"server default", all},
		{"bogus", ""},
		{"bogus clients", "clients"},
	} {
		got, _ := sections(c.do(append([]string{"INFO"}, strings.Fields(tt.asked)...)...))
		if strings.Join(got, " ") != tt.want {
			t.Errorf("INFO %s: %q, want %s", tt.asked, got, tt.want)
		}
	}
	direct.want(c.do("INFO", "bogus"), "INFO", "bogus")
}

// TestInfoKeyspace checks that the keys of all servers are added up, and that a server which is away or hangs does not
// keep INFO from being answered.
func TestInfoKeyspace(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 3)
	c := dial(t, startPool(t, servers, quick...).Addr)
	third := dial(t, startPool(t, servers, append([]string{"redis_db: 3"}, quick...)...).Addr)
	keyspace := func(c *conn) []string {
		t.Helper()
		_, lines := sections(c.do("INFO", "keyspace"))
		return lines
	}
	all := func(c *conn, want ...string) { // a server that takes more than a second is missing
		t.Helper()
		testkit.Eventually(t, "INFO of all servers", func() error {
			got := keyspace(c)
			if !slices.EqualFunc(got, want, strings.HasPrefix) {
				return fmt.Errorf("%q, want %q", got, want)
			}
			return nil
		})
	}
	all(c)
	for i := range 60 {
		c.want("+OK\r\n", "SET", fmt.Sprint("key", i), "v")
		third.want("+OK\r\n", "SET", fmt.Sprint("key", i), "v")
		if i < 10 {
			c.want(":1\r\n", "EXPIRE", fmt.Sprint("key", i), "1000")
		}
	}
	third.want(":1\r\n", "DEL", "key0")
	all(c, "db0:keys=60,expires=10,")
	all(third, "db3:keys=59,expires=0,avg_ttl=0")
	total := 60
	direct := dial(t, servers[2].Addr)
	var gone int
	if _, err := fmt.Sscanf(direct.do("DBSIZE"), ":%d", &gone); err != nil || gone == 0 || gone == total {
		t.Fatalf("the third has %d keys, %v", gone, err)
	}
	want := fmt.Sprintf("db0:keys=%d,", total-gone)
	servers[2].Pause()
	all(c, want, "servers_missing:1")
	servers[2].Kill()
	all(c, want, "servers_missing:1")
	servers[2].Restart()
	all(c, want)
}
