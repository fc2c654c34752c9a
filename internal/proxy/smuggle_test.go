package proxy

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/testkit"
)

// FuzzSmuggling sends any bytes to a proxy in front of a server that takes nothing but lines of the strictest form.
// The server must find nothing wrong, and must see no command that the client has not asked for, in the order of the
// client.
func FuzzSmuggling(f *testing.F) {
	const value = "flush_all"
	key251 := strings.Repeat("k", 251)
	for _, line := range []string{
		"set a 0 0 9", "set a 0 0 +9", "set a 0 0 " + strings.Repeat("0", 30) + "9", "  set a 0 0 9", " ms a 9",
		"ms a +9 F07 T+5 Ox q", "set a 0 0 9 noreply", "cas a 0 0 9 7",
		"set " + key251 + " 0 0 9", "add " + key251 + " 0 0 9 noreply", "set a x 0 9", "set a 0 x 9", "set a -1 0 9",
		"set a 4294967296 0 9", "set a\tb 0 0 9", "set my key 0 0 9",
		"set a 0 0", "set a", "set", "set a 0 0 -9", "set a 0 0 4294967305", "set a 0 0 x", "set a 0 0 9 1 2",
		"set key 7 0 0 9", "set key 7 0 0 9 noreply", "cas a 0 0 9", "cas a 0 0 9 x",
		"cas my key 0 0 9 1", "SET a 0 0 9", "\tset a 0 0 9", "foo a 0 0 9", "ms a 9 q q", "ms a 9 !",
		"ms " + key251 + " 9", "ms YQ= 9 b", "ms YR== 9 b k", "ms a", "ms a S9", "ms a 9 E5",
		"ms my 7 9", "ms a 9 MX", "set a 0 0 3", "set a 0 0 8", "append a 0 0 7", "ms a 8", "set a 0 0 10",
		"set a 0 0 11", "set a 0 0 12", "set a 0 0 1001", "ms a 1001", "ms IGEg 1001 b",
	} {
		for _, end := range []string{"\r\n", "\n"} {
			f.Add([]byte(line+end+value+"\r\nget k\r\n"), uint16(len(line)+4))
			f.Add([]byte("get j\r\n"+line+end+value+end+value+"\r\nmg k v O1\r\n"), uint16(9))
		}
	}
	for _, line := range []string{
		strings.Repeat(" ", 3000) + "gets a", "gat +5 a  b", "gats -1 a", "delete a 0 noreply", "incr a +07",
		"decr  a 18446744073709551615 noreply", "touch a -0", "flush_all -5", "flush_all 007 noreply",
		"mg a v k T+5 R00 N1 Lx", "md a I T5 q x", "ma a D+2 MI v", "me YQ== b", "mn x", "verbosity 1 noreply",
		"stats", "version", "bogus", "GET / HTTP/1.0", "get " + key251, "get a\x00b", "quit",
	} {
		f.Add([]byte(line+"\r\nget k\r\n"), uint16(0))
	}
	const maxValue = 1000
	one, two := startStrict(f), startStrict(f)
	behind := func(server *strictServer, loops int) *rig {
		return start(f, 1, 0, func(cfg *config.Config) {
			cfg.Pools[0].Servers = []config.Address{server.addr}
			cfg.MaxValue, cfg.Threads = maxValue, loops
			cfg.Pools[0].Listen = []config.Listen{{Network: "unix", Address: f.TempDir() + "/s", Backlog: 64}}
		})
	}
	single, double := behind(one, 1), behind(two, 2) // where a request may go to the other loop, and be parsed again
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		if len(in) > 100_000 {
			return
		}
		may := askedBy(string(in), maxValue)
		first, second := in[:min(int(cut), len(in))], in[min(int(cut), len(in)):]
		talk(t, single, first, second)
		compareAsked(t, one, may, true)
		talk(t, double, first, second)
		compareAsked(t, two, may, false)
		if slices.ContainsFunc(may, flushesLater) { // or servers are flushed while another input has its turn
			talk(t, single, []byte("flush_all\r\n"))
			talk(t, double, []byte("flush_all\r\n"))
			one.take()
			two.take()
		}
	})
}

// flushesLater reports whether a command is a flush_all with a delay. Servers get a longer one, and the command
// without one when the time has come, or at once if it has passed.
func flushesLater(command string) bool { return strings.HasPrefix(command, "flush_all ") }

// compareAsked looks whether a server was asked for nothing but what may be, each as often as that, and in that order.
func compareAsked(t *testing.T, server *strictServer, may []string, ordered bool) {
	t.Helper()
	asked, refused := server.take()
	for _, line := range refused {
		t.Errorf("the server would not take %q", line)
	}
	left := slices.Clone(may)
	for _, command := range asked {
		i := slices.IndexFunc(left, func(asked string) bool {
			return asked == command || flushesLater(asked) && strings.HasPrefix(command, "flush_all")
		})
		if i < 0 && command == "flush_all" && slices.ContainsFunc(may, flushesLater) {
			continue
		}
		if i < 0 {
			t.Fatalf("the server got %q, which nobody has asked for, or not now.\nIt got %q, of %q", command, asked,
				may)
		}
		if ordered {
			left = left[i+1:]
		} else {
			left = slices.Delete(left, i, i+1)
		}
	}
}

// talk sends the parts, and waits until all that they asked for is answered.
func talk(t *testing.T, r *rig, parts ...[]byte) {
	c, err := net.Dial("unix", r.svc.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * testkit.Patience))
	for _, part := range parts {
		_, _ = c.Write(part) // the proxy may have hung up
	}
	_ = c.(*net.UnixConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c)
}
