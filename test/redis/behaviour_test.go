package redis

import (
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// targets are one redis-server and pools of three, whose clients must get the same replies.
type targets struct {
	direct string
	pools  map[string]string // by name: the address
}

func startTargets(t *testing.T) targets {
	t.Helper()
	servers := startServers(t, 4)
	for _, s := range servers { // FUNCTION is not to be had through a proxy
		dial(t, s.Addr).want(bulk("lib"), "FUNCTION", "LOAD",
			"#!lua name=lib\nredis.register_function{function_name='answer', "+
				"callback=function(keys, args) return {keys[1], args[1]} end, flags={'no-writes'}}")
	}
	to := targets{direct: servers[0].Addr, pools: map[string]string{}}
	for name, threads := range map[string]string{"one loop": "1", "two loops": "2"} {
		path := testkit.TempFile(t, "pools.yml", pool(testkit.DeadAddr(t), servers[1:], calm, "preconnect: true"))
		to.pools[name] = startFile(t, path, "--threads", threads).Addr
	}
	return to
}

// fresh returns a new connection to servers without keys.
func fresh(t *testing.T, addr string) *conn {
	t.Helper()
	c := dial(t, addr)
	c.want("+OK\r\n", "FLUSHALL")
	c.want("+OK\r\n", "SCRIPT", "FLUSH")
	return c
}

// oneByOne sends each step after the reply to the one before.
func oneByOne(t *testing.T, addr string, s *script) (replies []string) {
	t.Helper()
	c := fresh(t, addr)
	defer c.Close()
	for i := range s.steps {
		replies = append(replies, c.do(s.steps[i].args...))
	}
	return replies
}

// TestReplies checks that every script gets the same replies from a pool as from one redis-server, step by step.
func TestReplies(t *testing.T) {
	to := startTargets(t)
	for _, s := range scripts(t) {
		want := oneByOne(t, to.direct, &s)
		for name, addr := range to.pools {
			t.Run(s.name+" with "+name, func(t *testing.T) { s.compare(t, want, oneByOne(t, addr, &s)) })
		}
	}
}

// TestPipelined does the same in one write, and in pieces of odd sizes.
func TestPipelined(t *testing.T) {
	to := startTargets(t)
	for _, s := range scripts(t) {
		want := oneByOne(t, to.direct, &s)
		for name, addr := range to.pools {
			for _, size := range []int{len(s.bytes()), 1009, 61} {
				t.Run(s.name+" with "+name, func(t *testing.T) {
					c, turn := fresh(t, addr), dial(t, addr)
					for piece := range slices.Chunk([]byte(s.bytes()), size) {
						c.send(string(piece))
						turn.want("+PONG\r\n", "PING") // makes it likely that each piece is read on its own
					}
					got, err := s.replies(c)
					if err != nil {
						t.Fatalf("after %d of %d replies: %v", len(got), len(s.steps), err)
					}
					s.compare(t, want, got)
				})
			}
		}
	}
}

// TestEveryCommand checks that a script uses each command which both the proxy and the server have.
func TestEveryCommand(t *testing.T) {
	servers := startServers(t, 1)
	names := func(addr string) (out []string) { return words(dial(t, addr).do("COMMAND", "LIST")) }
	known := names(servers[0].Addr)
	served := names(startPool(t, servers, calm).Addr)
	if len(served) < 200 {
		t.Errorf("the proxy has %d commands", len(served))
	}
	tried := map[string]bool{}
	for _, s := range scripts(t) {
		for i := range s.steps {
			tried[strings.ToLower(s.steps[i].args[0])] = true
		}
	}
	for _, name := range served {
		if slices.Contains(known, name) && !tried[name] {
			t.Errorf("%s is in no script", name)
		}
	}
}
