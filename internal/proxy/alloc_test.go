//go:build !race

package proxy

import (
	"bytes"
	"cmp"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/session"
	"magent/internal/testkit"
)

// answerAll answers every request, of which each has so many lines, with the same reply, and allocates nothing.
func answerAll(c net.Conn, lines int, reply string) {
	in, out := make([]byte, 64<<10), []byte(strings.Repeat(reply, min(4096, 8<<20/len(reply))))
	left := 0
	greeted := 0
	greeting := []string{"END\r\n", "NF\r\nVERSION fake\r\n"} // to stats, and to what it can
	for {
		n, err := c.Read(in)
		if err != nil {
			return
		}
		if greeted == 0 && in[0] == '*' {
			greeting = []string{"+PONG\r\n$0\r\n\r\n+OK\r\n+OK\r\n"} // to PING, INFO, MULTI, DISCARD: all at once
			if bytes.Contains(in[:n], []byte("HELLO")) {
				greeting[0] = "%0\r\n" + greeting[0]
			}
		}
		if greeted < len(greeting) {
			if _, err := io.WriteString(c, greeting[greeted]); err != nil {
				return
			}
			greeted++
			continue
		}
		left += bytes.Count(in[:n], []byte("\n"))
		if _, err := c.Write(out[:left/lines*len(reply)]); err != nil {
			return
		}
		left %= lines
	}
}

// unswept has the loops keep what they have for later use, however slow the test is.
func (r *rig) unswept() {
	r.t.Helper()
	for id := range r.svc.shards {
		r.on(id, session.Unswept)
	}
}

// A request costs no allocation: counted over the whole process, in which the servers and the client allocate nothing
// either.
func TestRequestsAllocateNothing(t *testing.T) {
	const opaque = "\x01\x02\x03\x04"
	value := strings.Repeat("v", 100)
	// A request of the client and what it hears; ask and answer are those of a server, if they are others.
	// The name of a case tells which version of Redis's protocol the client speaks.
	for name, w := range map[string]struct{ request, reply, ask, answer string }{
		"RESP3 get":    {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "_\r\n", "", ""},
		"RESP3 hash":   {"*2\r\n$7\r\nHGETALL\r\n$1\r\nk\r\n", "%1\r\n+k\r\n,1.5\r\n", "", ""},
		"RESP3 mget":   {"*3\r\n$4\r\nMGET\r\n$1\r\nk\r\n$1\r\nl\r\n", "*2\r\n_\r\n_\r\n", "", ""},
		"redis get":    {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$100\r\n" + value + "\r\n", "", ""},
		"redis mget":   {"*3\r\n$4\r\nMGET\r\n$1\r\nk\r\n$1\r\nl\r\n", "*2\r\n$-1\r\n$-1\r\n", "", ""},
		"redis sinter": {"*3\r\n$6\r\nSINTER\r\n$1\r\nk\r\n$1\r\nk\r\n", "*0\r\n", "", ""},
		"get":          {"get k\r\n", "VALUE k 0 100\r\n" + value + "\r\nEND\r\n", "", ""},
		"set":          {"set k 0 0 100\r\n" + value + "\r\n", "STORED\r\n", "", ""},
		"delete":       {"delete k\r\n", "DELETED\r\n", "", ""},
		"multi-get":    {"get k l\r\n", "VALUE k 0 100\r\n" + value + "\r\nEND\r\n", "", ""},
		"placed keys":  {"get k l m n o\r\n", "END\r\n", "", ""},
		"cas":          {"cas k 0 0 100 7\r\n" + value + "\r\n", "STORED\r\n", "", ""},
		"meta":         {"mg k v\r\n", "VA 100\r\n" + value + "\r\n", "", ""},
		"large":        {"get k\r\n", "VALUE k 0 50000\r\n" + strings.Repeat(value, 500) + "\r\nEND\r\n", "", ""},
		"binary get": {
			"\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01" + opaque + "\x00\x00\x00\x00\x00\x00\x00\x00k",
			"\x81\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x68" + opaque + "\x00\x00\x00\x00\x00\x00\x00\x09" +
				"\x00\x00\x00\x05" + value,
			"gets k\r\n", "VALUE k 5 100 9\r\n" + value + "\r\nEND\r\n",
		},
		"binary set": {
			"\x80\x01\x00\x01\x08\x00\x00\x00\x00\x00\x00\x6d" + opaque + "\x00\x00\x00\x00\x00\x00\x00\x00" +
				"\x00\x00\x00\x05\x00\x00\x00\x00k" + value,
			"\x81\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + opaque + "\x00\x00\x00\x00\x00\x00\x00\x09",
			"ms k 100 c F5 T0\r\n" + value + "\r\n", "HD c9\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.ask, w.answer = cmp.Or(w.ask, w.request), cmp.Or(w.answer, w.reply)
			var servers []config.Address
			for range 3 {
				server := testkit.Serve(t, func(c net.Conn) { answerAll(c, strings.Count(w.ask, "\n"), w.answer) })
				a, err := config.ParseAddress(server)
				if err != nil {
					t.Fatal(err)
				}
				servers = append(servers, a)
			}
			r := start(t, 0, 0, func(cfg *config.Config) {
				p := &cfg.Pools[0]
				switch p.Redis = w.request[0] == '*'; {
				case p.Redis:
					p.Servers = servers[:1]
				case name == "placed keys": // on one server or the other
					p.Servers, p.Backups = servers[:2], servers[2:]
				default:
					p.Servers, p.Backups = servers[:1], servers[2:]
				}
			})
			r.unswept()
			c := r.client()
			if strings.HasPrefix(name, "RESP3") {
				c.say("HELLO 3 AUTH default x\r\nCLIENT ID\r\n")
				c.hear("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n0.0.0\r\n$5\r\nproto\r\n:3\r\n" +
					"$2\r\nid\r\n:1\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n" +
					"$7\r\nmodules\r\n*0\r\n:1\r\n")
			}
			const pipelined, requests = 20, 10_000
			batch := []byte(strings.Repeat(w.request, pipelined))
			want := []byte(strings.Repeat(w.reply, pipelined))
			got := make([]byte, len(want))
			round := func() {
				if _, err := c.c.Write(batch); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(c.c, got); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%v: %.200q", err, got)
				}
			}
			n := requests
			if len(want) > 100_000 {
				n /= 10
			}
			for range 50 {
				round()
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range n / pipelined {
				round()
			}
			runtime.ReadMemStats(&after)
			if per := float64(after.Mallocs-before.Mallocs) / float64(n); per >= 0.01 {
				t.Errorf("%.3f allocations per request", per)
			} else {
				t.Logf("%.5f allocations per request", per)
			}
		})
	}
}
