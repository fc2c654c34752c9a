package redis

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// victim is the proxy under test.
type victim struct {
	*harness.Magent
	direct string // a redis-server, to compare with
	limit  int64  // bytes of memory that it may have
}

func startVictim(t *testing.T) *victim {
	t.Helper()
	v := &victim{Magent: startPool(t, startServers(t, 3), calm), direct: testkit.StartRedis(t).Addr, limit: 700 << 20}
	v.serves(t)
	return v
}

// serves checks that the proxy serves other clients and uses little memory.
func (v *victim) serves(t *testing.T) {
	t.Helper()
	c := dial(t, v.Addr)
	defer c.Close()
	c.want("+OK\r\n", "SET", "served", "yes")
	c.want("*1\r\n"+bulk("yes"), "MGET", "served")
	v.small(t)
}

func (v *victim) small(t *testing.T) {
	t.Helper()
	if rss := v.RSS(); rss > v.limit {
		t.Fatalf("RSS %d MB", rss>>20)
	}
}

// TestMalformed checks that malformed input gets the error of a redis-server, and closes the connection, after the
// replies to what came before.
func TestMalformed(t *testing.T) {
	v := startVictim(t)
	for _, input := range []string{
		"*1\r\n$-5\r\n", "*1\r\n$-1\r\n", "*1\r\n$x\r\n", "*1\r\n$\r\n", "*1\r\n:4\r\n",
		"*1\r\nPING\r\n", "*1\r\n\r\n",
		"*9223372036854775807\r\n", "*9223372036854775808\r\n", "*2147483648\r\n", "*x\r\n", "*\r\n", "* 1\r\n",
		"*1 \r\n", "*+1\r\n", "*01\r\n",
		"*1\r\n$9223372036854775807\r\n", "*1\r\n$9223372036854775808\r\n", "*1\r\n$536870913\r\n",
		"*2\r\n$3\r\nGET\r\n$2147483648\r\n",
		"*" + strings.Repeat("1", 70_000), "*1\r\n$" + strings.Repeat("1", 70_000), strings.Repeat("x", 70_000),
		"\"unbalanced\r\n", "'unbalanced\r\n", "\"a\"b\r\n",
	} {
		t.Run(fmt.Sprintf("%.30q", input), func(t *testing.T) {
			var said [2]string
			for i, addr := range []string{v.direct, v.Addr} {
				c := dial(t, addr)
				c.send(command("SET", "k", "v") + command("GET", "k") + input)
				said[i] = c.rest()
			}
			if said[0] != said[1] {
				t.Errorf("redis says %q, magent %q", said[0], said[1])
			}
		})
	}
	// A browser that was made to speak to a cache.
	for _, http := range []string{"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "Host: x\r\nSET k hacked\r\n"} {
		c := dial(t, v.Addr)
		c.send(command("GET", "k") + http + command("GET", "k"))
		if got := c.rest(); got != bulk("v") {
			t.Errorf("%q: %q", http, got)
		}
	}
	v.serves(t)
}

// TestOdd checks that unusual but valid input works.
func TestOdd(t *testing.T) {
	v := startVictim(t)
	for _, input := range []string{
		"\r\n", "\n\n\n", "*0\r\n", "*-1\r\n", "*-100\r\n", "PING\n", "  PING  \r\n", "\"PING\" \"x y\\x41\\n\"\r\n",
		"PING 'a\\'b'\r\n", "\tPING\r\n",
		"SET k \"\\x00\\xff\"\r\nGET k\r\n", "nonsense and more\r\n", "GET\r\n", "*1\r\n$0\r\n\r\n",
		"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "VALUE a 0 1\r\n", "get k\r\n",
		"*3\r\n$3\r\nset\r\n$1\r\nk\r\n$6\r\n*1\r\n$4\r\n",
	} {
		t.Run(fmt.Sprintf("%.30q", input), func(t *testing.T) {
			var said [2]string
			for i, addr := range []string{v.direct, v.Addr} {
				c := dial(t, addr)
				c.send(input + command("ECHO", "end") + command("QUIT"))
				said[i] = c.rest()
			}
			if said[0] != said[1] || !strings.HasSuffix(said[1], "$3\r\nend\r\n+OK\r\n") {
				t.Errorf("redis says %q, magent %q", said[0], said[1])
			}
		})
	}
}

// TestManyElements sends commands of up to a million elements, which are split. Like old versions of Redis, magent has
// a limit of 2^20 elements, and refuses one more.
func TestManyElements(t *testing.T) {
	t.Parallel()
	v := startVictim(t)
	const n = 1_000_000
	c := dial(t, v.Addr)
	c.wait = 2 * time.Minute
	many := func(name string, count int, value string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "*%d\r\n$%d\r\n%s\r\n", count+1, len(name), name)
		for i := range count {
			if value != "" && i%2 == 1 {
				b.WriteString(value)
				continue
			}
			fmt.Fprintf(&b, "$9\r\nm%08d\r\n", i)
		}
		return b.String()
	}
	ask := func(request, want string) {
		t.Helper()
		c.send(request)
		if got := c.reply(); got != want {
			t.Errorf("%.40q: %.100q of %d bytes, want %.100q of %d", request, got, len(got), want, len(want))
		}
		v.small(t)
	}
	const stored = 100_000
	ask(many("MSET", 2*stored, "$1\r\nx\r\n"), "+OK\r\n")
	ask(command("DBSIZE"), fmt.Sprintf(":%d\r\n", stored+1))
	ask(many("MGET", n, ""), fmt.Sprintf("*%d\r\n", n)+strings.Repeat("$1\r\nx\r\n$-1\r\n", stored)+
		strings.Repeat("$-1\r\n", n-2*stored))
	ask(many("DEL", 2*stored, ""), fmt.Sprintf(":%d\r\n", stored))
	c.send("*1048577\r\n")
	if got := c.rest(); got != "-ERR Protocol error: invalid multibulk length\r\n" {
		t.Errorf("%q", got)
	}
	v.serves(t)
}

// TestAnnounced lets many clients announce what they never send. This must not cost memory.
func TestAnnounced(t *testing.T) {
	v := startVictim(t)
	v.limit = v.RSS() + 64<<20
	for i := range 200 {
		c := dial(t, v.Addr)
		switch i % 4 {
		case 0:
			c.send("*2\r\n$3\r\nGET\r\n$536870912\r\nabc")
		case 1:
			c.send("*1048576\r\n$4\r\nMGET\r\n$1\r\na\r\n")
		case 2:
			c.send("SET k ")
		case 3:
			c.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\n" + strings.Repeat("x", 4000))
		}
	}
	v.serves(t)
}

// TestNothingRead lets a client ask for 500 MB without reading for a while. Others must be served, and memory must
// stay bounded. Then all replies must be there. With the race detector what the proxy holds takes several times its
// size.
func TestNothingRead(t *testing.T) {
	t.Parallel()
	v := startVictim(t)
	v.limit = v.RSS() + 300<<20
	const asked = 500
	value := strings.Repeat("0123456789", 100_000)
	greedy, other := dial(t, v.Addr), dial(t, v.Addr)
	greedy.want("+OK\r\n", "SET", "large", value)
	greedy.send(strings.Repeat(command("GET", "large"), asked))
	for i := range 300 {
		other.want("+OK\r\n", "SET", "other", fmt.Sprint(i))
		v.small(t)
	}
	for i := range asked {
		if got := greedy.reply(); got != bulk(value) {
			t.Fatalf("reply %d has %d bytes", i, len(got))
		}
	}
	v.serves(t)
}

// TestLargeValue checks that 100 MB can be stored and read. A value above max_value is refused before it has arrived.
func TestLargeValue(t *testing.T) {
	t.Parallel()
	servers := startServers(t, 2)
	value := strings.Repeat("0123456789abcdef", 100<<20/16)
	c := dial(t, startPool(t, servers, calm).Addr)
	c.wait = time.Minute
	c.want("+OK\r\n", "SET", "large", value)
	if got := c.do("GET", "large"); got != bulk(value) {
		t.Fatalf("%d bytes come back", len(got))
	}
	c.want("+PONG\r\n", "PING")

	small := dial(t, startPool(t, servers, calm, "max_value: 1m").Addr)
	small.want("+OK\r\n", "SET", "k", value[:1<<20])
	small.send(fmt.Sprintf("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n", 1<<20+1))
	if got := small.rest(); got != "-ERR Protocol error: invalid bulk length\r\n" {
		t.Errorf("%q", got)
	}
}

// TestGarbage checks that random bytes have no effect on other clients.
func TestGarbage(t *testing.T) {
	v := startVictim(t)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		junk := make([]byte, 20_000)
		for i := range junk {
			junk[i] = byte(r.Uint32())
		}
		c := dial(t, v.Addr)
		_ = c.trySend([]string{"", "*3\r\n", "*1\r\n$10000\r\n", "GET "}[i%4] + string(junk)) // it may be hung up on
		if tcp, ok := c.Conn.(interface{ CloseWrite() error }); ok {
			_ = tcp.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, c.r) // whatever it says
		_ = c.Close()
	}
	v.serves(t)
}
