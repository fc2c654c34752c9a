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
		path := testkit.TempFile(t, "pools.yml", pool(testkit.DeadAddr(t), servers[1:], calm, "preconnect: true",
			databases))
		to.pools[name] = startFile(t, path, "--threads", threads).Addr
	}
	return to
}

// protocols are the versions that a client may speak.
var protocols = []string{"2", "3"}

// fresh returns a new connection to servers without keys. It speaks a version of the protocol.
func fresh(t *testing.T, addr, proto string) *conn {
	t.Helper()
	c := dial(t, addr)
	c.want("+OK\r\n", "FLUSHALL")
	c.want("+OK\r\n", "SCRIPT", "FLUSH")
	c.hello(proto)
	return c
}

// hello begins a version of the protocol.
func (c *conn) hello(proto string) {
	c.t.Helper()
	c.wantPrefix(map[string]string{"2": "*14\r\n", "3": "%7\r\n"}[proto], "HELLO", proto)
}

// oneByOne sends each step after the reply to the one before.
func oneByOne(t *testing.T, addr, proto string, s *script) (replies []string) {
	t.Helper()
	c := fresh(t, addr, proto)
	defer c.Close()
	for i := range s.steps {
		replies = append(replies, c.do(s.steps[i].args...))
	}
	return replies
}

// each runs a test of each script, in each version of the protocol, with each pool. want are the replies of one
// redis-server.
func (to targets) each(t *testing.T, test func(t *testing.T, addr, proto string, s *script, want []string)) {
	for _, s := range scripts(t) {
		for _, proto := range protocols {
			want := oneByOne(t, to.direct, proto, &s)
			for name, addr := range to.pools {
				t.Run(s.name+" in RESP"+proto+" with "+name, func(t *testing.T) { test(t, addr, proto, &s, want) })
			}
		}
	}
}

// TestReplies checks that every script gets the same replies from a pool as from one redis-server, step by step.
func TestReplies(t *testing.T) {
	t.Parallel()
	startTargets(t).each(t, func(t *testing.T, addr, proto string, s *script, want []string) {
		s.compare(t, want, oneByOne(t, addr, proto, s))
	})
}

// TestPipelined does the same in one write, and in pieces of odd sizes.
func TestPipelined(t *testing.T) {
	t.Parallel()
	startTargets(t).each(t, func(t *testing.T, addr, proto string, s *script, want []string) {
		for _, size := range []int{len(s.bytes()), 1009, 61} {
			c, turn := fresh(t, addr, proto), dial(t, addr)
			for piece := range slices.Chunk([]byte(s.bytes()), size) {
				c.send(string(piece))
				turn.want("+PONG\r\n", "PING") // makes it likely that each piece is read on its own
			}
			got, err := s.replies(c)
			if err != nil {
				t.Fatalf("pieces of %d bytes, after %d of %d replies: %v", size, len(got), len(s.steps), err)
			}
			s.compare(t, want, got)
			_, _ = c.Close(), turn.Close()
		}
	})
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
