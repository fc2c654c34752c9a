package redis

import (
	"fmt"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// TestAuthDialogues compares pools with a redis-server, with a password and without. Clients send no password, the
// right one or a wrong one, in all forms.
func TestAuthDialogues(t *testing.T) {
	t.Parallel()
	dialogues := map[string][]string{
		"nothing": {
			"GET k", "PING", "CLIENT ID", "COMMAND COUNT", "BOGUS", "GET", "INFO", "ECHO x",
			"SELECT 0", "HELLO", "HELLO 2", "MULTI", "QUIT",
		},
		"right":           {"AUTH secret", "GET k", "AUTH secret", "GET k"},
		"wrong":           {"AUTH wrong", "GET k", "AUTH", "AUTH a b c", "GET k"},
		"wrong after all": {"AUTH secret", "AUTH wrong", "GET k"},
		"user":            {"AUTH default secret", "GET k"},
		"wrong user":      {"AUTH nobody secret", "GET k", "AUTH default wrong", "GET k"},
		"hello":           {"? HELLO 2 AUTH default secret", "GET k"},
		"wrong hello": {
			"HELLO 2 AUTH default wrong", "GET k", "HELLO 2 AUTH nobody secret",
			"HELLO 9 AUTH default secret", "GET k", "HELLO 2 AUTH default", "GET k",
		},
		"hello 3": {"? HELLO 3 AUTH default secret", "GET k", "HGETALL k", "HELLO 3 AUTH default wrong", "GET k"},
		"wrong hello 3": {
			"HELLO 3", "HELLO 3 AUTH default wrong", "GET k", "HELLO 3 AUTH nobody secret",
			"HELLO 3 SETNAME x", "GET k", "? HELLO 3 AUTH default secret SETNAME me", "GET k", "CLIENT GETNAME",
		},
		"reset":         {"AUTH secret", "GET k", "RESET", "GET k"},
		"reset hello 3": {"? HELLO 3 AUTH default secret", "GET k", "RESET", "GET k", "AUTH secret", "GET k"},
	}
	for _, password := range []string{"", "secret"} {
		var args, options []string
		if password != "" {
			args, options = []string{"--requirepass", password}, []string{"redis_auth: " + password}
		}
		direct := testkit.StartRedis(t, args...).Addr
		proxy := startPool(t, startServers(t, 2, args...), append(options, calm)...).Addr
		for name, lines := range dialogues {
			t.Run(fmt.Sprintf("password %q, client says %s", password, name), func(t *testing.T) {
				s := &script{name: name}
				for _, line := range lines {
					step := parseStep(t, testkit.Step{Pos: name, Line: line})
					if password == "" &&
						(line == "CLIENT ID" || line == "COMMAND COUNT" || line == "INFO" ||
							strings.HasPrefix(line, "HELLO")) {
						step.mark = '?'
					}
					s.steps = append(s.steps, step)
				}
				var said [2][]string
				for i, addr := range []string{direct, proxy} {
					c := dial(t, addr)
					c.send(s.bytes())
					replies, err := s.replies(c)
					if err != nil {
						t.Fatal(err)
					}
					said[i] = replies
				}
				s.compare(t, said[0], said[1])
			})
		}
	}
}

// TestServerPasswords checks the combinations of passwords of pool and server, in both versions of the protocol. If
// they do not match, the error names the server and the reason.
func TestServerPasswords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pool, server, fails string }{
		{"", "", ""},
		{"secret", "secret", ""},
		{"secret", "", ""},
		{"", "secret", "NOAUTH"},
		{"secret", "other", "WRONGPASS"},
	} {
		t.Run(fmt.Sprintf("pool %q, server %q", tt.pool, tt.server), func(t *testing.T) {
			var args []string
			options := quick
			if tt.server != "" {
				args = []string{"--requirepass", tt.server}
			}
			if tt.pool != "" {
				options = append([]string{"redis_auth: " + tt.pool}, quick...)
			}
			server := testkit.StartRedis(t, args...)
			proxy := startPool(t, []*testkit.Redis{server}, options...).Addr
			for _, proto := range protocols {
				c := dial(t, proxy)
				if tt.pool != "" {
					c.want("+OK\r\n", "AUTH", tt.pool)
				}
				c.hello(proto)
				if tt.fails == "" {
					c.want("+OK\r\n", "SET", "k", "v")
					continue
				}
				for range 3 {
					if got := c.do("SET", "k", "v"); !strings.HasPrefix(got, "-"+tt.fails+" "+server.Addr) {
						t.Errorf("RESP%s: %q", proto, got)
					}
				}
				c.want("+PONG\r\n", "PING")
			}
		})
	}
}

// TestPasswordChanges checks that a server which gets a password is ejected until it has the old one again.
func TestPasswordChanges(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	proxy := startPool(t, []*testkit.Redis{server}, quick...).Addr
	c := dial(t, proxy)
	c.want("+OK\r\n", "SET", "k", "v")
	admin := dial(t, server.Addr)
	admin.want("+OK\r\n", "CONFIG", "SET", "requirepass", "new")
	admin.want("+OK\r\n", "AUTH", "new")
	admin.wantPrefix(":", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	testkit.Eventually(t, "requests fail", func() error {
		if got := c.do("GET", "k"); !strings.Contains(got, "NOAUTH") {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
	admin.want("+OK\r\n", "CONFIG", "SET", "requirepass", "")
	testkit.Eventually(t, "it is used again", func() error {
		if got := c.do("GET", "k"); got != bulk("v") {
			return fmt.Errorf("%q", got)
		}
		return nil
	})
}

// TestDB checks that the keys of a pool with redis_db are in that database, and nowhere else.
func TestDB(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	c := dial(t, startPool(t, servers, calm, "redis_db: 3").Addr)
	c.want("+OK\r\n", "MSET", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5")
	c.want("+OK\r\n", "SELECT", "3")
	c.wantPrefix("-ERR DB index is out of range", "SELECT", "0")
	c.wantPrefix("-ERR nothing is carried out", "GET", "a")
	c.want("+OK\r\n", "SELECT", "3")
	c.want(bulk("1"), "GET", "a")
	total := 0
	for _, s := range servers {
		direct := dial(t, s.Addr)
		direct.want(":0\r\n", "DBSIZE")
		direct.want("+OK\r\n", "SELECT", "3")
		total += len(words(direct.do("KEYS", "*")))
		direct.want("+OK\r\n", "SELECT", "0")
		direct.want("+OK\r\n", "SET", "elsewhere", "x")
	}
	if total != 5 {
		t.Errorf("%d keys in database 3", total)
	}
	c.want(":5\r\n", "DBSIZE")
	c.want("+OK\r\n", "FLUSHDB")
	c.want(":0\r\n", "DBSIZE")
	dial(t, servers[0].Addr).want(bulk("x"), "GET", "elsewhere")
}

// TestSelectRefused checks that nothing is carried out for a client that goes on as if its SELECT had succeeded, until
// one succeeds. What is no matter of a database is answered.
func TestSelectRefused(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	proxy := startPool(t, servers, calm).Addr
	other := dial(t, proxy)
	for _, wrong := range []string{"5", "x", "-1"} {
		c := dial(t, proxy)
		c.send(command("SELECT", wrong) + command("SET", "k", "v") + command("MULTI") + command("SET", "k", "v") +
			command("EXEC") + command("FLUSHALL") + command("EVAL", "return 1", "0") + command("RANDOMKEY"))
		for i := range 8 {
			got := c.reply()
			if !strings.HasPrefix(got, "-ERR ") || i > 0 && i != 4 && !strings.Contains(got, "SELECT") {
				t.Errorf("SELECT %s, then request %d: %q", wrong, i, got)
			}
		}
		c.want("+PONG\r\n", "PING")
		c.wantPrefix("-ERR wrong number of arguments", "SELECT")
		c.wantPrefix("-ERR nothing is carried out", "GET", "k")
		other.want("$-1\r\n", "GET", "k")
		c.want("+OK\r\n", "SELECT", "0")
		c.want("+OK\r\n", "SET", "k", "v")
		c.wantPrefix("-ERR", "SELECT", wrong)
		c.want("+RESET\r\n", "RESET")
		c.want(":1\r\n", "DEL", "k")
	}
	closing := dial(t, startPool(t, servers, calm, "compat_close: true").Addr)
	closing.send(command("SELECT", "5") + command("SET", "k", "v"))
	if got := closing.rest(); got != "" {
		t.Errorf("with compat_close: %q", got)
	}
	other.want("$-1\r\n", "GET", "k")
}

// TestNoSuchDB checks that the error names the server and the reason.
func TestNoSuchDB(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 1)
	c := dial(t, startPool(t, servers, append([]string{"redis_db: 99"}, quick...)...).Addr)
	for range 3 {
		if got := c.do("GET", "k"); !strings.HasPrefix(got, "-ERR "+servers[0].Addr) ||
			!strings.Contains(got, "DB index is out of range") {
			t.Errorf("%q", got)
		}
	}
	c.want("+OK\r\n", "SELECT", "99")
	c.want("+PONG\r\n", "PING")
}
