package behaviour

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// smuggled is a value that every server would rather execute: nine bytes.
const smuggled = "flush_all"

// key251 is a key that is one byte too long.
var key251 = strings.Repeat("k", 251)

// odd are beginnings of lines before the smuggled value. Proxy and servers of any version have to agree where the
// value ends, or it becomes a command.
var odd = []string{
	// These are accepted.
	"set a 0 0 9", "set a 0 0 +9", "set a 0 0 09", "set a 0 0 " + strings.Repeat("0", 30) + "9", "set a +0 -0 9",
	"set a 0000000000000000000000000 0 9", "set a 0 -00001 9",
	" set a 0 0 9", strings.Repeat(" ", 200) + "set a 0 0 9", "set  a  0  0  9  ", "set a 0 0 9 noreply",
	"set a 0 0 9 noreply ", "set a 0 4294967296 9", "set a 0 99999999999 9",
	"add a 0 0 +9", "replace a 0 0 +9", "append a 0 0 +9", "prepend a 0 0 009", "cas a 0 0 +9 1", "cas a 0 0 9 +1",
	"cas a 0 0 9 0000000000000000000000000000000000001",
	"ms a 9", " ms a 9", strings.Repeat(" ", 200) + "ms  a  9 ", "ms a +9", "ms a 0009",
	"ms a " + strings.Repeat("0", 30) + "9", "ms a 9 T+5", "ms a 9 T" + strings.Repeat("0", 30) + "5",
	"ms a 9 F007", "ms a 9 q", "ms a 9 C+5", "ms a 9 Ppath L/x", "ms YQ== 9 b", "ms YR== 9 b", "ms a 9 T4294967296",
	"ms a 9 O", "ms a 9 O" + strings.Repeat("x", 31),
	"ms a 9 E5", "ms a 9 E0005 c", // or the proxy says that a server does not know the flag

	// These are not, but give the length of the value.
	"set " + key251 + " 0 0 9", "set " + key251 + " 0 0 9 noreply", "add " + key251 + " 0 0 9", "cas " + key251 +
		" 0 0 9 1", "set a x 0 9", "set a 0 x 9", "set a x x 9", "set a -1 0 9",
	"set a 4294967296 0 9", "set a 18446744073709551616 0 9", "set a 0 9999999999999999999 9", "set a\tb 0 0 9",
	"set my key 0 0 9", "set my key 0 0 9 noreply", "cas a 0 0 9", "cas a 0 0 9 x",
	"cas a 0 0 9 -1", "cas a 0 0 9 18446744073709551616", "SET a 0 0 9", "Set a 0 0 9", "sets a 0 0 9",
	"\tset a 0 0 9", "MS a 9", "ms " + key251 + " 9", "ms a 9 q q", "ms a 9 !", "ms a 9 v",
	"ms a 9 Tx", "ms a 9 T", "ms a 9 Mx", "ms a 9 M", "ms a 9 C-1", "ms a 9 F4294967296", "ms a 9 qq", "ms a 9 O" +
		strings.Repeat("x", 40), "ms a! 9 b", "ms YQ= 9 b", "ms a\x01 9",
	"ms a 9 " + strings.Repeat("k ", 20),

	// These do not give it.
	"set", "set a", "set a 0", "set a 0 0", "set a 0 9", "set a 9", "set a 0 0 x", "set a 0 0 9x", "set a 0 0 0x9",
	"set a 0 0 9.0", "set a 0 0 -9", "set a 0 0 -1", "set a 0 0 4294967305",
	"set a 0 0 18446744073709551625", "set a 0 0 -18446744073709551607", "set a 0 0 99999999999999999999999",
	"set a 0 0 9 1 2 3", "set key 7 0 0 9", "set a 0 0 9 9", "set\ta\t0\t0\t9", "set a 0 0 \t9",
	"set a 0 0 9\r", "set a 0 0 9\x00", "SET a 0 0", "cas a 0 0", "ms", "ms a", "ms a x", "ms a -9", "ms a S9",
	"ms my key 9", "ms my 7 9", "ms a 4294967305",
}

// TestSmuggling: no value is executed, whatever the line before it, by the proxy or by a server of any version, and
// nobody else is affected. A refused line has one reply. Then the conversation is in step, or ends.
func TestSmuggling(t *testing.T) {
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr)
	other := harness.Dial(t, proxy.Addr)
	other.Want(harness.Set("keep", "kept"), "STORED\r\n")
	for _, line := range odd {
		for _, end := range []string{"\r\n", "\n"} {
			for _, before := range []string{"", "get keep\r\n"} {
				smuggle(t, proxy.Addr, before, line+end)
			}
		}
		other.Want("get keep\r\n", harness.Hit("keep", "kept"))
		other.Want("gets none\r\n", "END\r\n")
	}
	for _, server := range []*harness.Memcached{primary, backup} {
		harness.Dial(t, server.Addr).Want("get keep\r\n", harness.Hit("keep", "kept"))
		if stats := harness.Stats(t, server.Addr, ""); stats["cmd_flush"] != "0" {
			t.Errorf("a server was flushed %s times", stats["cmd_flush"])
		}
		harness.AwaitState(t, proxy.Addr, server.Addr, "up")
	}
	if log := proxy.Log(); strings.Contains(log, "ejected") {
		t.Errorf("a server was ejected:\n%s", log)
	}
}

// smuggle sends a line with the value behind it, and looks for its replies.
func smuggle(t *testing.T, addr, before, line string) {
	t.Helper()
	c := harness.Dial(t, addr)
	defer c.Close()
	c.Send(before + line + smuggled + "\r\nget keep\r\n")
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got := c.AwaitEOF()
	kept := harness.Hit("keep", "kept")
	if before != "" {
		rest, found := strings.CutPrefix(got, kept)
		if !found {
			t.Errorf("%q: what was asked before has the reply %q", line, got)
		}
		got = rest
	}
	got = strings.TrimSuffix(got, kept)
	if strings.Count(got, "\n") > 1 || strings.Contains(got, "OK") || strings.Contains(got, "VALUE") {
		t.Errorf("%q: replies %q", line, got)
	}
}

// TestValueWithoutItsEnd: if a value is longer than announced, the rest up to the next line end is not a command.
func TestValueWithoutItsEnd(t *testing.T) {
	server := harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", server.Addr)
	c := harness.Dial(t, proxy.Addr)
	c.Want(harness.Set("keep", "kept"), "STORED\r\n")
	for _, value := range []string{
		"abcflush_all", "abcXflush_all", "abcXX flush_all", "abc\nflush_all",
		"abcX\nflush_all", "abc\rflush_all", "abc\n\nflush_all",
	} {
		for _, command := range []string{
			"set a 0 0 3", "add a 0 0 3", "append a 0 0 3", "cas a 0 0 3 1", "ms a 3",
			"ms a 3 T0 q",
		} {
			c.Want(command+"\r\n"+value+"\r\n", "CLIENT_ERROR bad data chunk\r\n")
			c.Want("get keep\r\n", harness.Hit("keep", "kept"))
		}
		c.Send("set a 0 0 3 noreply\r\n" + value + "\r\n")
		c.Want("get keep\r\n", harness.Hit("keep", "kept"))
	}
	c.Want("get a\r\n", "END\r\n")
}

// TestLongBlanks: servers close a connection on a long line. They get a line that is almost all
// blanks as a short one.
func TestLongBlanks(t *testing.T) {
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	proxy := harness.StartMagent(t, "-s", primary.Addr, "-b", backup.Addr)
	c := harness.Dial(t, proxy.Addr)
	c.Want(harness.Set("keep", "7"), "STORED\r\n")
	// The connections that carry requests, not those for statistics or probes. Each loop has one.
	connections := func() string { return harness.ServerStat(t, proxy.Addr, primary.Addr, "connects") }
	before := cmp.Or(os.Getenv("MAGENT_THREADS"), "1")
	testkit.Until(t, "all loops are connected", func() bool { return connections() == before })
	blanks := strings.Repeat(" ", 20_000)
	hits, withTokens := []string{"get keep", "get keep none"}, []string{"gets keep", "gets keep none"}
	touches := harness.Dial(t, primary.Addr).Do("gat 0 none\r\n") == "END\r\n" // since memcached 1.5.3
	if touches {
		hits, withTokens = append(hits, "gat 0 keep", "gat 0 keep none"),
			append(withTokens, "gats 0 keep", "gats 0 keep none")
	}
	for range 10 {
		for _, line := range hits {
			c.Want(blanks+line+"\r\n", harness.Hit("keep", "7"))
			c.Want(strings.Replace(line, " ", blanks, 1)+blanks+"\r\n", harness.Hit("keep", "7"))
		}
		for _, line := range withTokens {
			if got := c.Do(blanks + line + "\r\n"); !strings.HasPrefix(got, "VALUE keep 0 1 ") {
				t.Errorf("%q: %q", line, got)
			}
		}
		some := blanks[:1900]
		c.Want(some+"incr none 1\r\n", "NOT_FOUND\r\n")
		c.Want(some+"delete none\r\n", "NOT_FOUND\r\n")
		c.Want(some+"touch none 0\r\n", "NOT_FOUND\r\n")
		c.Want(some+"set keep 0 0 1\r\n7\r\n", "STORED\r\n")
	}
	if now := connections(); now != before {
		t.Errorf("the server had %s connections before, and %s after", before, now)
	}
	var keys strings.Builder // long ones, of which some thousand bytes go to each server
	for i := range 100 {
		fmt.Fprintf(&keys, " %s%03d", strings.Repeat("k", 247), i)
	}
	c.Want("get"+keys.String()+" keep\r\n", harness.Hit("keep", "7"))
	if touches {
		c.Want("gat 0"+keys.String()+" keep\r\n", harness.Hit("keep", "7"))
	}
}
